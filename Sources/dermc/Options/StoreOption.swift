import ArgumentParser
import Reports

/// How a bundle holds weights: commands that write one take this.
struct StoreOption: ParsableArguments {
  @Option(help: "How the bundle holds weights: a smaller file, or one that is faster to load, as it is read in place.")
  var store: Recipe.Store?
}

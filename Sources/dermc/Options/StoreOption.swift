import ArgumentParser
import Compiler
import Reports

/// How a bundle holds weights: commands that write one take this.
struct StoreOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How the bundle holds weights: compact (a smaller file) or raw (faster to load, read in place).",
      valueName: "compact|raw"))
  var store: String?

  /// Nil where nothing was asked for.
  func value() throws(Diagnostic) -> Recipe.Store? {
    guard let store else { return nil }
    guard let value = Recipe.Store(rawValue: store) else {
      throw .usage("--store \(store): expected \(Recipe.Store.allCases.map(\.rawValue).joined(separator: " or "))")
    }
    return value
  }
}

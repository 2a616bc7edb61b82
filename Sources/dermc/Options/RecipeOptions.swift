import ArgumentParser
import Reports
import Tensors

/// What recipes of one model and of many have in common.
struct RecipeOptions: ParsableArguments {
  @Option(help: "Whether pruning picks weights over the whole model or in each layer.")
  var pruneScope = Recipe.PruneScope.global

  @Option(parsing: .unconditional, help: "Use this many calibration samples, chosen by --seed.")
  var samples: Int?

  @Option(help: "Seed of the choice of samples.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Keep this node in float: a name as the report and dermc analyze show it. May be given several times.",
      valueName: "node"))
  var keepFloat: [String] = []

  /// A recipe with them.
  func recipe() throws(Refusal) -> Recipe {
    if let samples, samples < 1 { throw .usage("--samples \(samples): expected at least 1") }
    var recipe = Recipe()
    recipe.pruneScope = pruneScope
    recipe.samples = samples
    recipe.seed = seed
    recipe.keptFloat = keepFloat
    return recipe
  }
}

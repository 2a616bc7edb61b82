import IR
import Passes
import Reports
import Tensors

/// Takes away from a float graph what the recipe says: channels first, since those that are left show what their
/// weights are worth.
struct Pruning {
  let recipe: Recipe
  let threads: Int
  let observer: any WorkObserver

  /// What was taken away.
  struct Outcome {
    var log = PassLog()
    var channels: Report.ChannelSummary?
    var weights: Report.PruningSummary?
  }

  /// - Parameter statistics: of a graph; nil where nothing but weights is known
  func run(
    _ graph: inout Graph, statistics: (Graph) throws(Refusal) -> LayerStatistics?
  ) throws(Refusal) -> Outcome {
    var outcome = Outcome()
    if recipe.channelFraction > 0 {
      let stage = ChannelStage(recipe: recipe, threads: threads, observer: observer)
      let (log, summary) = try stage.run(&graph, try statistics(graph))
      outcome.log.append(log)
      outcome.channels = summary
    }
    if recipe.pruneFraction > 0 {
      let stage = PruningStage(recipe: recipe, threads: threads, observer: observer)
      let (log, summary) = try stage.run(&graph, try statistics(graph))
      outcome.log.append(log)
      outcome.weights = summary
    }
    return outcome
  }
}

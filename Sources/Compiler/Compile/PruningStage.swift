import IR
import Operators
import Passes
import Quantization
import Reports
import Tensors

/// Sets weights of a float graph to zero, by what the recipe says of them.
struct PruningStage {
  let recipe: Recipe
  let threads: Int
  let observer: any WorkObserver

  /// Prunes the graph, and says what was done.
  ///
  /// - Parameter statistics: of the graph; nil where nothing but weights is known
  func run(
    _ graph: inout Graph, _ statistics: LayerStatistics?
  ) throws(Refusal) -> (log: PassLog, summary: Report.PruningSummary) {
    let layers = Pass.prunableLayers(in: graph).map(\.id)
    let scope: PruningScope = recipe.pruneScope == .global ? .global : .perLayer
    var passes: [Pass] = []
    var threshold: Double?
    if let statistics {
      let (known, unknown) = statistics.layers(of: Pass.prunableLayers(in: graph), in: graph)
      let pruning = WeightPruning(known, fraction: recipe.pruneFraction, isPerLayer: scope == .perLayer)
      observer.begin("Pruning", count: pruning.progressCount)
      let outcome = pruning.run(threads: threads) { [observer] _ in observer.advance() }
      observer.end()
      threshold = known.isEmpty ? nil : outcome.threshold
      // What nothing is known of loses the same fraction.
      passes = [
        PruningStage.replacing(outcome.layers, leaving: unknown),
        .pruneMagnitude(fraction: recipe.pruneFraction, scope: .perLayer, only: Set(unknown.keys)),
      ]
    } else {
      let score: PruningScore = recipe.pruneMethod == .magnitude ? .magnitude : .adaptive
      passes = [.pruneMagnitude(fraction: recipe.pruneFraction, scope: scope, score: score)]
    }
    let log = try Preparation.run([PassGroup("pruning", passes)], on: &graph)
    let weights = layers.compactMap { graph[$0].flatMap { graph.constant($0.inputs[1]) } }
    return (
      log,
      Report.PruningSummary(
        method: recipe.pruneMethod.rawValue, weights: weights.reduce(0) { $0 + $1.count },
        zeros: weights.reduce(0) { $0 + $1.elements(as: Float.self).count { $0 == 0 } }, threshold: threshold)
    )
  }

  private static func replacing(_ layers: [NodeID: LayerWeights], leaving others: [NodeID: String]) -> Pass {
    Pass("prune-obs", "set weights to zero that the answer hardly depends on") {
      (graph: inout Graph, log: inout PassLog) throws(Refusal) in
      for node in graph.nodesInOrder() {
        if let reason = others[node.id] { log.refused(node, "by magnitude: \(reason)") }
        guard let weights = layers[node.id] else { continue }
        try graph.replaceWeights(of: node, with: weights)
        log.applied(node, "\(weights.values.count { $0 == 0 }) of \(weights.values.count) weights are zero")
      }
      graph.removeUnusedConstants()
    }
  }
}

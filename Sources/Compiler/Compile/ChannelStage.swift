import IR
import Operators
import Passes
import Quantization
import Reports
import Tensors

/// Removes channels from a float graph until it multiplies less, by what the recipe says.
struct ChannelStage {
  let recipe: Recipe
  let threads: Int
  let observer: any WorkObserver

  /// Makes the graph narrower, and says what was done.
  ///
  /// - Parameter statistics: of the graph; nil where nothing but weights is known
  func run(
    _ graph: inout Graph, _ statistics: LayerStatistics?
  ) throws(Refusal) -> (log: PassLog, summary: Report.ChannelSummary) {
    let mixing = graph.nodesInOrder().filter { ChannelGroups.mixes($0, in: graph) }
    let (known, unknown) = statistics?.layers(of: mixing, in: graph) ?? ([], [:])
    let measured = Dictionary(uniqueKeysWithValues: known.map { ($0.node, $0) })
    let groups = ChannelGroups(graph, needing: unknown)
    var readers: [ChannelPruning.Reader] = []
    for node in mixing {
      guard let layer = node.op as? any Int8ConvertibleLayer, let x = node.inputs[0],
        groups.groups(of: x).contains(where: { $0 >= 0 }), let weights = layer.weights(graph.operands(of: node))
      else { continue }
      readers.append(
        ChannelPruning.Reader(
          node: node.id, weights: weights, measured: measured[node.id], groups: groups.groups(of: x)))
    }
    let pruning = ChannelPruning(families: groups.families, readers: readers, works: works(graph, groups))
    observer.begin("Removing channels", count: pruning.progressCount)
    let outcome = pruning.run(saving: recipe.channelFraction, threads: threads) { [observer] _ in observer.advance() }
    observer.end()
    let adapting = Pass("adapt-weights", "let weights make up for those that go") {
      (graph: inout Graph, _) throws(Refusal) in
      for node in graph.nodesInOrder() {
        if let weights = outcome.layers[node.id] { try graph.replaceWeights(of: node, with: weights) }
      }
    }
    let log = try Preparation.run(
      [PassGroup("channels", [adapting, .removeChannels(groups, outcome.removed)])], on: &graph)
    return (
      log,
      Report.ChannelSummary(
        method: recipe.pruneMethod.rawValue, channels: groups.groups.count, removed: outcome.removed.count,
        macsBefore: outcome.macs.before, macs: outcome.macs.after)
    )
  }

  private func works(_ graph: Graph, _ groups: ChannelGroups) -> [ChannelPruning.Work] {
    graph.nodesInOrder().compactMap { node in
      let macs = node.op.work(graph.operands(of: node), node.outputs.map { graph.type(of: $0) }).macs
      guard macs > 0, let output = node.outputs.first else { return nil }
      // Channels of what other layers read are those they compute.
      var inputs: [Int] = []
      if ChannelGroups.mixes(node, in: graph), let x = node.inputs[0] { inputs = groups.groups(of: x) }
      return ChannelPruning.Work(macs: macs, outputs: groups.groups(of: output), inputs: inputs)
    }
  }
}

extension Graph {
  /// Gives a layer other weights and another bias of the same shapes.
  mutating func replaceWeights(of node: Node, with weights: LayerWeights) throws(Refusal) {
    guard let layer = node.op as? any Int8ConvertibleLayer else {
      preconditionFailure("\(node.op.name) has no weights to replace")
    }
    let form = layer.floatForm(weights)
    let constants = form.constants.map { addConstant("\(node.name)_pruned", $0) }
    try update(node.id, op: form.op, inputs: [node.inputs[0]] + constants)
  }
}

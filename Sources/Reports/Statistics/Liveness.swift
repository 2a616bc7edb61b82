import IR
import Tensors

/// How much activation memory a graph needs at least, were it run node by node.
///
/// A figure of the model and not of a machine: it takes every operator that is `ElementWise` to run in place, where a
/// plan lets only those do it whose kernels promise to (`InPlace`).
enum Liveness {
  /// The largest sum of bytes of values alive at one node. Element-wise operators and reshapes write over their input
  /// where it dies there.
  static func peakBytes(_ graph: Graph, order: [Node]) -> Int {
    var lastUse: [ValueID: Int] = [:]
    for (step, node) in order.enumerated() {
      for case let input? in node.inputs where graph[input].constant == nil { lastUse[input] = step }
    }
    for output in graph.outputs { lastUse[output] = order.count }
    var alive = graph.inputs.reduce(0) { $0 + graph.type(of: $1).byteCount }
    var peak = alive
    for (step, node) in order.enumerated() {
      let dying = Set(node.inputs.compactMap { $0 }.filter { graph[$0].constant == nil && lastUse[$0] == step })
      var added = node.outputs.reduce(0) { $0 + graph.type(of: $1).byteCount }
      if let first = node.inputs.first ?? nil, dying.contains(first), isElementWise(node, in: graph) {
        added -= min(added, graph.type(of: first).byteCount)
      }
      peak = max(peak, alive + added)
      alive += node.outputs.reduce(0) { $0 + (lastUse[$1] == nil ? 0 : graph.type(of: $1).byteCount) }
      alive -= dying.reduce(0) { $0 + graph.type(of: $1).byteCount }
    }
    return peak
  }

  private static func isElementWise(_ node: Node, in graph: Graph) -> Bool {
    (node.op as? any ElementWise)?.isElementWise(graph.operands(of: node)) ?? false
  }
}

import IR
import Operators
import Tensors

/// How much activation memory a graph needs at least, were it run node by node.
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
      if isInPlace(node, in: graph), let first = node.inputs.first ?? nil, dying.contains(first) {
        added -= min(added, graph.type(of: first).byteCount)
      }
      peak = max(peak, alive + added)
      alive += node.outputs.reduce(0) { $0 + (lastUse[$1] == nil ? 0 : graph.type(of: $1).byteCount) }
      alive -= dying.reduce(0) { $0 + graph.type(of: $1).byteCount }
    }
    return peak
  }

  private static func isInPlace(_ node: Node, in graph: Graph) -> Bool {
    switch node.op {
    case is any InPlace, is BatchNormalization, is ScaleShift, is Reshape: true
    case is Binary: node.inputs.dropFirst().allSatisfy { graph.constant($0) != nil }
    default: false
    }
  }
}

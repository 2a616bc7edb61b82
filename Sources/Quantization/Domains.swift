import IR
import Operators

/// Which nodes run in int8: a backward look at who wants int8, then a forward one at who can give it.
struct Domains {
  private var int8Nodes: Set<NodeID> = []
  private var int8Values: Set<ValueID> = []

  /// - Parameter float: nodes that stay float whatever they could do
  init(_ graph: Graph, order: [Node], keeping float: Set<NodeID> = []) {
    var wanted: Set<ValueID> = []
    for node in order.reversed() where !float.contains(node.id) {
      let wantsOutput = node.outputs.contains { wanted.contains($0) }
      let takesInt8 =
        Int8Form.isWeighted(node, in: graph) || Int8Form.isProduct(node, in: graph)
        || (wantsOutput && (Int8Form.exists(for: node, in: graph) || Int8Form.passesThrough(node)))
      guard takesInt8 else { continue }
      if Int8Form.isWeighted(node, in: graph) {
        if let input = node.inputs.first ?? nil { wanted.insert(input) }
      } else {
        for case let input? in node.inputs where graph[input].constant == nil { wanted.insert(input) }
      }
    }
    for node in order where !float.contains(node.id) {
      let wantsOutput = node.outputs.contains { wanted.contains($0) }
      let inputs = node.inputs.compactMap { $0 }.filter { graph[$0].constant == nil }
      let isFed = !inputs.isEmpty && inputs.contains { int8Values.contains($0) }
      if Int8Form.isWeighted(node, in: graph) || Int8Form.isProduct(node, in: graph) {
        int8Nodes.insert(node.id)
        if wantsOutput { int8Values.formUnion(node.outputs) }
      } else if wantsOutput, isFed, Int8Form.exists(for: node, in: graph) || Int8Form.passesThrough(node) {
        int8Nodes.insert(node.id)
        int8Values.formUnion(node.outputs)
      }
    }
  }

  func isInt8(_ node: Node) -> Bool { int8Nodes.contains(node.id) }
  func isInt8(_ value: ValueID) -> Bool { int8Values.contains(value) }
}

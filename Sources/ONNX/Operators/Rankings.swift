import IR
import Operators
import Tensors

/// TopK.
enum Rankings: ONNXFamily {
  static let limits = "k is a constant; of float32, int32, int64 and uint64"
  static let readers: [String: NodeReader] = ["TopK": topK]

  /// How many is an attribute before opset 10, an input since. Sorted or not, they come in order.
  private static func topK(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("sorted")
    guard let count = try node.ints(input: 1, orAttribute: "k")?.first else { throw Refusal("input 1 (k) is missing") }
    let op = TopK(
      count: count, axis: try node.int("axis", default: -1), largest: try node.bool("largest", default: true))
    return try node.add(op, [try node.input(0, "x")])
  }
}

extension TopK: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    let inputs = emission.names(node.inputs) + [emission.constant(node, "k", ints: [count])]
    emission.add("TopK", for: node, inputs: inputs, ["axis": .int(axis), "largest": .int(largest ? 1 : 0)])
  }
}

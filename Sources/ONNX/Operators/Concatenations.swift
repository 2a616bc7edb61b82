import IR
import Operators
import Tensors

/// Concat.
enum Concatenations: ONNXFamily {
  static let readers: [String: NodeReader] = ["Concat": concat]

  private static func concat(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let operands = try node.allInputs()
    let axis = try node.int("axis", default: 1)
    guard operands.count > 1 else {
      _ = try node.axis(axis, rank: operands[0].shape.count)
      return try node.identity()
    }
    return try node.add(Concat(axis: axis), operands)
  }
}

extension Concat: ONNXWritable {}

extension ConcatInt8: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    emission.add(
      "Concat", for: node, inputs: try emission.reals(node), ["axis": .int(axis)], output: Int8Output(output))
  }
}

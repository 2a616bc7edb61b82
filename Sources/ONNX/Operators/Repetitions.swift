import IR
import Operators
import Tensors

/// Tensors repeated along their dimensions.
enum Repetitions: ONNXFamily {
  static let limits = "shape and repeats are constants"
  static let readers: [String: NodeReader] = ["Expand": expand, "Tile": tile]

  private static func expand(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let shape = try node.ints(input: 1, "shape") else { throw Refusal("input 1 (shape) is missing") }
    return try node.add(Expand(shape: shape), [try node.input(0, "x")])
  }

  private static func tile(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let repeats = try node.ints(input: 1, "repeats") else { throw Refusal("input 1 (repeats) is missing") }
    return try node.add(Tile(repeats: repeats), [try node.input(0, "x")])
  }
}

extension Expand: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add(
      "Expand", for: node, inputs: emission.names(node.inputs) + [emission.constant(node, "shape", ints: shape)])
  }
}

extension Tile: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add(
      "Tile", for: node, inputs: emission.names(node.inputs) + [emission.constant(node, "repeats", ints: repeats)])
  }
}

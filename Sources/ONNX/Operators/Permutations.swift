import IR
import Operators
import Tensors

/// Elements in another order: transpositions, blocks of positions as channels and back.
enum Permutations: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "DepthToSpace": { node throws(Refusal) in try node.add(reading: DepthToSpace.self, [try node.input(0, "x")]) },
    "SpaceToDepth": { node throws(Refusal) in try node.add(reading: SpaceToDepth.self, [try node.input(0, "x")]) },
    "Transpose": transpose,
  ]

  private static func transpose(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    return try node.add(Transpose(perm: try node.ints("perm") ?? Array(x.shape.indices.reversed())), [x])
  }
}

extension DepthToSpace: ONNXWritable {}
extension SpaceToDepth: ONNXWritable {}
extension Transpose: ONNXWritable {}

extension ChannelShuffle: ONNXWritable {
  /// A transposition of groups and channels between two reshapes.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let shape = emission.graph.type(of: node.outputs[0]).shape
    guard groups > 0, shape.count == 4 else { throw Refusal("its groups do not fit") }
    let split = emission.temporary(node, "split")
    let shuffled = emission.temporary(node, "shuffled")
    let splitShape = emission.constant(
      node, "split_shape", ints: [0, groups, shape[1] / groups, shape[2], shape[3]])
    emission.add("Reshape", name: split, inputs: [emission.name(node.inputs[0]), splitShape], outputs: [split])
    emission.add("Transpose", name: shuffled, inputs: [split], outputs: [shuffled], ["perm": .ints([0, 2, 1, 3, 4])])
    let wholeShape = emission.constant(node, "shape", ints: [0] + shape.dropFirst())
    emission.add("Reshape", for: node, inputs: [shuffled, wholeShape])
  }
}

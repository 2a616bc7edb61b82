import IR
import Operators
import Tensors

/// The same elements under another shape: all become Reshape.
enum Reshapes: ONNXFamily {
  static let limits = "shape and axes are constants"
  static let readers: [String: NodeReader] = [
    "Flatten": flatten,
    "Reshape": reshape,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
  ]

  private static func reshape(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let shape = try node.ints(input: 1, orAttribute: "shape") else {
      throw Refusal("input 1 (shape) is missing")
    }
    return try node.add(Reshape(shape: shape, allowZero: try node.bool("allowzero", default: false)), [x])
  }

  private static func flatten(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let given = try node.int("axis", default: 1)
    let axis = given == x.shape.count ? given : try node.axis(given, rank: x.shape.count)
    return try node.add(Reshape(shape: [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)]), [x])
  }

  /// Axes are an attribute before opset 13, an input since.
  private static func squeeze(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let rank = x.shape.count
    var removed: Set<Int> = []
    if let axes = try node.ints(input: 1, orAttribute: "axes") {
      for axis in axes { removed.insert(try node.axis(axis, rank: rank)) }
    } else {
      removed = Set(x.shape.indices.filter { x.shape[$0] == 1 })
    }
    for axis in removed where x.shape[axis] != 1 {
      throw Refusal("dimension \(axis) of \(x.shape) is not 1 and cannot be squeezed")
    }
    return try node.add(Reshape(shape: x.shape.indices.filter { !removed.contains($0) }.map { x.shape[$0] }), [x])
  }

  private static func unsqueeze(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let axes = try node.ints(input: 1, orAttribute: "axes") else { throw Refusal("input 1 (axes) is missing") }
    let rank = x.shape.count + axes.count
    guard rank <= Limits.rank else { throw Refusal("axes \(axes.count) make more than \(Limits.rank) dimensions") }
    var added: Set<Int> = []
    for axis in axes { added.insert(try node.axis(axis, rank: rank)) }
    guard added.count == axes.count else { throw Refusal("axes \(axes) name a dimension twice") }
    var rest = x.shape[...]
    return try node.add(Reshape(shape: (0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? 1 }), [x])
  }
}

extension Reshape: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    let shape = emission.constant(node, "shape", ints: shape)
    emission.add(
      "Reshape", for: node, inputs: [emission.name(node.inputs[0]), shape], allowZero ? ["allowzero": .int(1)] : [:])
  }
}

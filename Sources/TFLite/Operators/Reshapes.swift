import IR
import Operators
import Tensors

/// The same elements under another shape: all become Reshape.
enum Reshapes: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "EXPAND_DIMS": expandDimensions,
    "RESHAPE": reshape,
    "SQUEEZE": squeeze,
  ]

  private static let newShape = 0
  private static let squeezedDimensions = 0

  /// The shape is an input, or an option in older files.
  private static func reshape(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.symbol(try node.input(0, "x"))
    let given = node.optional(1) == nil ? try node.ints(newShape) : try node.ints(input: 1, "shape")
    guard let shape = given else { throw Refusal("its shape is missing") }
    // 0 is no dimension to copy, as in ONNX, but an empty one.
    return try node.finish(Reshape(shape: shape, allowZero: shape.contains(0)), [x])
  }

  /// Without dimensions all of one go.
  private static func squeeze(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.symbol(try node.input(0, "x"))
    var removed: Set<Int> = []
    for axis in try node.ints(squeezedDimensions) ?? [] {
      removed.insert(try node.axis(axis, rank: x.shape.count))
    }
    if removed.isEmpty { removed = Set(x.shape.indices.filter { x.shape[$0] == 1 }) }
    for axis in removed where x.shape[axis] != 1 {
      throw Refusal("dimension \(axis) of \(x.shape) is not 1 and cannot be squeezed")
    }
    return try node.finish(
      Reshape(shape: x.shape.indices.filter { !removed.contains($0) }.map { x.shape[$0] }), [x])
  }

  private static func expandDimensions(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.symbol(try node.input(0, "x"))
    let axes = try node.ints(input: 1, "axis")
    guard axes.count == 1 else { throw Refusal("has \(axes.count) axes, expected one") }
    var shape = x.shape
    shape.insert(1, at: try node.axis(axes[0], rank: shape.count + 1))
    return try node.finish(Reshape(shape: shape), [x])
  }
}

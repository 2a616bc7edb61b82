import IR
import Operators
import Tensors

/// Tensors that shapes and bounds make known.
enum Constants: TFLiteFamily {
  static let readers: [String: OperatorReader] = ["FILL": fill, "RANGE": range, "SHAPE": shape]

  private static let outputType = 0

  /// Shapes are known, so this is a constant.
  private static func shape(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let shape = try node.input(0, "x").shape
    guard try TensorKind.named(try node.choice(outputType)) == .int64 else {
      return try node.result(Tensor(shape.map { Int32(clamping: $0) }))
    }
    return try node.result(Tensor(shape.map(Int64.init)))
  }

  private static func fill(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let shape = try node.ints(input: 0, "shape")
    guard Limits.count(shape) != nil else { throw Refusal("its shape \(shape) is beyond the limits") }
    guard let value = try node.constant(1, "value"), value.count == 1 else {
      throw Refusal("input 1 (value) is missing or not one number")
    }
    return try node.finish(Expand(shape: shape), [node.constant("value", value)])
  }

  private static func range(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    for (index, role) in ["start", "limit", "delta"].enumerated() { _ = try node.constant(index, role) }
    return try node.finish(RangeOperator(), try node.symbols(try node.allInputs(), .stored))
  }
}

import IR
import Operators
import Tensors

/// Tensors that are in the model, or that shapes and bounds in it make known.
enum Constants: ONNXFamily {
  static let limits = "values of numbers; what Range and ConstantOfShape are given must be constant"
  static let readers: [String: NodeReader] = [
    "Constant": constant,
    "ConstantOfShape": constantOfShape,
    "Range": range,
    "Shape": shape,
    "Size": size,
  ]

  private static func constant(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    if let tensor = try node.tensor("value") { return try node.result(weights: tensor) }
    if let tensor = try node.sparseTensor("sparse_value") { return try node.result(weights: tensor) }
    if node.has("value_float") { return node.result(Tensor(scalar: try node.float("value_float"))) }
    if node.has("value_int") { return node.result(Tensor(scalar: Int64(try node.int("value_int")))) }
    if let values = try node.floats("value_floats") { return node.result(Tensor(values)) }
    if let values = try node.ints("value_ints") { return node.result(Tensor(values.map(Int64.init))) }
    throw Refusal("has no value of numbers")
  }

  private static func constantOfShape(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard try node.constant(0, "shape") != nil else { throw Refusal("input 0 (shape) is missing") }
    return try node.add(reading: ConstantOfShape.self, [try node.input(0, "shape")])
  }

  private static func range(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    for (index, role) in ["start", "limit", "delta"].enumerated() { _ = try node.constant(index, role) }
    return try node.add(RangeOperator(), try node.allInputs())
  }

  /// Shapes are known, so this is a constant.
  private static func shape(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let shape = try node.input(0, "x").shape
    func bound(_ given: Int) -> Int { min(max(given < 0 ? given + shape.count : given, 0), shape.count) }
    let start = bound(try node.int("start", default: 0))
    let end = bound(try node.int("end", default: shape.count))
    return node.result(Tensor(shape[start..<max(start, end)].map(Int64.init)))
  }

  private static func size(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.result(Tensor(scalar: Int64(try node.input(0, "x").type.count)))
  }
}

extension ConstantOfShape: ONNXWritable {}
extension RangeOperator: ONNXWritable {}
extension Shape: ONNXWritable {}

import IR
import Math
import Operators
import Tensors

/// Operators on quantized tensors (QLinearConv and the like), as the DequantizeLinear, float operator and
/// QuantizeLinear they stand for.
enum QLinears: ONNXFamily {
  static let limits = "scales and zero points are constants; see [int8.md](int8.md)"
  static let readers: [String: NodeReader] = [
    "QLinearConv": conv,
    "QLinearMatMul": matMul,
    "com.microsoft.QGemm": gemm,
    "com.microsoft.QLinearAdd": { node throws(Refusal) in try binary(.add, &node) },
    "com.microsoft.QLinearAveragePool": averagePool,
    "com.microsoft.QLinearConcat": concat,
    "com.microsoft.QLinearGlobalAveragePool": globalAveragePool,
    "com.microsoft.QLinearLeakyRelu": leakyRelu,
    "com.microsoft.QLinearMul": { node throws(Refusal) in try binary(.mul, &node) },
    "com.microsoft.QLinearSigmoid": { node throws(Refusal) in
      try unary(&node) { node, x throws(Refusal) in try node.add(step: "sigmoid", Unary(.sigmoid), [x]) }
    },
    "com.microsoft.QLinearSoftmax": softmax,
  ]

  // MARK: Layers

  /// x, its scale and zero point, weights and theirs, the output's, and a bias of scale s_x * s_w.
  private static func conv(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.operand(0, "x")
    let w = try node.operand(3, "weights", axis: 0)
    let output = try LinearParameters(node, scale: 6, zeroPoint: 7)
    let bias = try node.bias(8, scales: 1, 4)
    let window = try node.window(x, kernel: Array(w.shape.dropFirst(2)))
    let op = Conv(window: window, group: try node.int("group", default: 1))
    return try node.quantized(try node.add(step: "conv", op, [x, w, bias]), output)
  }

  private static func matMul(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.operand(0, "a", axis: -2)
    let b = try node.operand(3, "b", axis: -1)
    let output = try LinearParameters(node, scale: 6, zeroPoint: 7)
    return try node.quantized(try product(a, b, node), output)
  }

  private static func product(_ a: Symbol, _ b: Symbol, _ node: NodeImport) throws(Refusal) -> Symbol {
    if a.constant == nil, let layer = Gemm(product: a.type, Operand(b.type, constant: b.constant)) {
      return try node.add(step: "matmul", layer, [a, b])
    }
    return try node.add(step: "matmul", MatMul(), [a, b])
  }

  /// y = alpha * A' * B' + C, whose C has the scale alpha * s_a * s_b. Without an output's scale y is float32.
  private static func gemm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let transB = try node.bool("transB", default: false)
    var a = try node.operand(0, "A")
    let b = try node.operand(3, "B", axis: transB ? 0 : 1)
    guard try node.float("alpha", default: 1) == 1 else { throw Refusal("attribute alpha is not 1") }
    guard a.shape.count == 2, b.constant != nil, b.shape.count == 2 else {
      throw Refusal("A has shape \(a.shape) and B \(b.shape), expected a matrix and a constant one")
    }
    if try node.bool("transA", default: false) {
      a = try node.add(step: "transpose_a", Transpose(perm: [1, 0]), [a])
    }
    let bias = try node.bias(6, scales: 1, 4)
    let inputs = [a, b, bias]
    guard node.optional(7) != nil else { return try node.add(Gemm(transB: transB), inputs) }
    let output = try LinearParameters(node, scale: 7, zeroPoint: 8)
    return try node.quantized(try node.add(step: "gemm", Gemm(transB: transB), inputs), output)
  }

  // MARK: Other operators

  private static func binary(_ function: Binary.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.operand(0, "A")
    let b = try node.operand(3, "B")
    let output = try LinearParameters(node, scale: 6, zeroPoint: 7)
    return try node.quantized(try node.add(step: function.rawValue, Binary(function), [a, b]), output)
  }

  private static func unary(
    _ node: inout NodeImport, _ compute: (inout NodeImport, Symbol) throws(Refusal) -> Symbol
  ) throws(Refusal) -> [Symbol] {
    let x = try node.operand(0, "X")
    let output = try LinearParameters(node, scale: 3, zeroPoint: 4)
    return try node.quantized(try compute(&node, x), output)
  }

  private static func leakyRelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(&node) { node, x throws(Refusal) in
      let alpha = try node.float("alpha", default: 0.01)
      return try node.add(step: "leaky_relu", Unary(.leakyRelu(alpha: alpha)), [x])
    }
  }

  /// The attribute `opset` says which Softmax is meant: before 13 all dimensions from `axis` on count as one.
  private static func softmax(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(&node) { node, x throws(Refusal) in
      let opset = try node.int("opset", default: 13)
      let axis = try node.axis(try node.int("axis", default: opset < 13 ? 1 : -1), rank: x.shape.count)
      guard opset >= 13 || x.shape[(axis + 1)...].allSatisfy({ $0 == 1 }) else {
        throw Refusal("is a Softmax of operator set \(opset) over several dimensions, which is not supported")
      }
      return try node.add(step: "softmax", Softmax(axis: axis), [x])
    }
  }

  private static func globalAveragePool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.expect("channels_last", 0)
    return try unary(&node) { node, x throws(Refusal) in
      try node.add(step: "average", GlobalAveragePool(), [x])
    }
  }

  private static func averagePool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.expect("channels_last", 0)
    return try unary(&node) { node, x throws(Refusal) in
      let op = AveragePool(
        window: try node.window(x), ceiling: try node.bool("ceil_mode", default: false),
        countIncludePad: try node.bool("count_include_pad", default: false))
      return try node.add(step: "average", op, [x])
    }
  }

  /// The output's scale and zero point come first, then each part with its own.
  private static func concat(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let output = try LinearParameters(node, scale: 0, zeroPoint: 1)
    guard node.inputCount >= 5, node.inputCount % 3 == 2 else {
      throw Refusal("has \(node.inputCount) inputs, expected two and three for each part")
    }
    var parts: [Symbol] = []
    for (index, first) in stride(from: 2, to: node.inputCount, by: 3).enumerated() {
      parts.append(try node.operand(first, "part_\(index)"))
    }
    let op = Concat(axis: try node.int("axis"))
    return try node.quantized(try node.add(step: "concat", op, parts), output)
  }
}

extension NodeImport {
  /// The real numbers of a quantized input that is followed by its scale and zero point.
  fileprivate func operand(_ index: Int, _ role: String, axis: Int = 1) throws(Refusal) -> Symbol {
    let parameters = try LinearParameters(self, scale: index + 1, zeroPoint: index + 2, axis: axis)
    return try dequantized(try input(index, role), parameters, step: role)
  }

  /// The real numbers of a bias of int32 at scale s_a * s_b; nil where it is left out.
  fileprivate func bias(_ index: Int, scales a: Int, _ b: Int) throws(Refusal) -> Symbol? {
    guard let bias = try constant(index, "bias") else { return nil }
    guard bias.element == .int32, let left = try floats(input: a, "scale"), left.count == 1,
      let right = try floats(input: b, "scale"), right.count == 1 || right.count == bias.count
    else { throw Refusal("input \(index) (bias) is \(bias.type), which its scales do not fit") }
    let steps = right.map { left[0] * $0 }
    let integers: [Int32] = bias.elements()
    let numbers = integers.enumerated().map { index, q in Float(q) * steps[steps.count == 1 ? 0 : index] }
    return constant("bias", Tensor(numbers, shape: bias.shape).on(Grid(steps: steps, multiples: integers)))
  }

  /// The integers of real numbers, of the type of the zero point, as the node's output.
  fileprivate func quantized(_ x: Symbol, _ parameters: LinearParameters) throws(Refusal) -> [Symbol] {
    try quantized(x, parameters, as: parameters.element ?? .uint8)
  }
}

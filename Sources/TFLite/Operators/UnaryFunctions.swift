import IR
import Math
import Operators
import Tensors

/// Functions of one number: activations and the like.
enum UnaryFunctions: TFLiteFamily {
  static let readers: [String: OperatorReader] =
    functions.mapValues { reader(of: $0) }
    .merging([
      "GELU": gelu,
      "LEAKY_RELU": { node throws(Refusal) in try unary(.leakyRelu(alpha: try node.float(alpha)), &node) },
      "RSQRT": rsqrt,
      "SQUARE": square,
    ]) { $1 }

  private static func reader(of function: UnaryFunction) -> OperatorReader {
    { node throws(Refusal) in try unary(function, &node) }
  }

  private static let functions: [String: UnaryFunction] = [
    "ABS": .abs, "CEIL": .ceil, "ELU": .elu(alpha: 1), "EXP": .exp, "FLOOR": .floor, "HARD_SWISH": .hardSwish,
    "LOG": .log, "LOGISTIC": .sigmoid, "NEG": .neg, "RELU": .relu, "RELU6": .relu6,
    "RELU_0_TO_1": .clip(lower: 0, upper: 1), "RELU_N1_TO_1": .clip(lower: -1, upper: 1), "ROUND": .round,
    "SQRT": .sqrt, "TANH": .tanh,
  ]

  /// The option of LEAKY_RELU.
  private static let alpha = 0
  /// The option of GELU.
  private static let isApproximate = 0

  private static func operand(_ node: NodeImport) throws(Refusal) -> (Symbol, AxisOrder) {
    let value = try node.input(0, "x")
    let order = node.order(of: [value])
    return (try node.symbol(value, order), order)
  }

  private static func unary(_ function: UnaryFunction, _ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let (x, order) = try operand(node)
    return try node.finish(Unary(function), [x], order)
  }

  private static func square(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let (x, order) = try operand(node)
    return try node.finish(Binary(.mul), [x, x], order)
  }

  private static func rsqrt(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let (x, order) = try operand(node)
    return try node.finish(Unary(.reciprocal), [try node.add(step: "root", Unary(.sqrt), [x])], order)
  }

  /// The approximation is x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
  private static func gelu(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    guard try node.bool(isApproximate) else { return try unary(.gelu, &node) }
    let (x, order) = try operand(node)
    func product(_ step: String, _ a: Symbol, _ b: Float) throws(Refusal) -> Symbol {
      try node.add(step: step, Binary(.mul), [a, node.constant("\(step)_factor", Tensor(scalar: b))])
    }
    let square = try node.add(step: "square", Binary(.mul), [x, x])
    let one = node.constant("one", Tensor(scalar: Float(1)))
    let factor = try node.add(step: "factor", Binary(.add), [try product("cubic", square, 0.044715), one])
    let inner = try node.add(step: "inner", Binary(.mul), [x, factor])
    let tanh = try node.add(step: "tanh", Unary(.tanh), [try product("argument", inner, 0.797884560802865)])
    let sum = try node.add(step: "sum", Binary(.add), [tanh, one])
    return try node.finish(Binary(.mul), [try product("half", x, 0.5), sum], order)
  }
}

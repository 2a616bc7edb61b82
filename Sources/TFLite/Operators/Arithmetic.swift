import IR
import Math
import Operators
import Tensors

/// Functions of two numbers with broadcasting, and chains of them.
enum Arithmetic: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "ADD": { node throws(Refusal) in try binary(.add, &node, isFused: true) },
    "ADD_N": sum,
    "DIV": { node throws(Refusal) in try binary(.div, &node, isFused: true) },
    "MAXIMUM": { node throws(Refusal) in try binary(.max, &node) },
    "MINIMUM": { node throws(Refusal) in try binary(.min, &node) },
    "MUL": { node throws(Refusal) in try binary(.mul, &node, isFused: true) },
    "POW": { node throws(Refusal) in try binary(.pow, &node) },
    "PRELU": prelu,
    "SQUARED_DIFFERENCE": squaredDifference,
    "SUB": { node throws(Refusal) in try binary(.sub, &node, isFused: true) },
  ]

  /// Options of those with an activation begin with it.
  private static let activation = 0

  private static func operands(_ node: NodeImport) throws(Refusal) -> ([Symbol], AxisOrder) {
    let values = [try node.input(0, "a"), try node.input(1, "b")]
    let order = node.order(of: values)
    return (try node.symbols(values, order), order)
  }

  private static func binary(
    _ function: Binary.Function, _ node: inout NodeImport, isFused: Bool = false
  ) throws(Refusal) -> [TensorValue] {
    let (operands, order) = try operands(node)
    return try node.finish(
      Binary(function), operands, order, activation: isFused ? try node.activation(activation) : .identity)
  }

  private static func squaredDifference(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let (operands, order) = try operands(node)
    let difference = try node.add(step: "difference", Binary(.sub), operands)
    return try node.finish(Binary(.mul), [difference, difference], order)
  }

  private static func prelu(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let (operands, order) = try operands(node)
    return try node.finish(PRelu(), operands, order)
  }

  private static func sum(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let values = try node.allInputs()
    guard values.count > 1 else { return try node.pass(values[0]) }
    let order = node.order(of: values)
    let operands = try node.symbols(values, order)
    var total = operands[0]
    for (index, operand) in operands.dropFirst().dropLast().enumerated() {
      total = try node.add(step: "\(index + 1)", Binary(.add), [total, operand])
    }
    return try node.finish(Binary(.add), [total, operands[operands.count - 1]], order)
  }
}

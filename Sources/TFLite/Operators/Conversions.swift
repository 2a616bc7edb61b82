import IR
import Operators
import Tensors

/// Elements of another type.
enum Conversions: TFLiteFamily {
  /// What QUANTIZE and DEQUANTIZE do is said by the types of their outputs: values are real numbers to all operators.
  static let readers: [String: OperatorReader] = [
    "CAST": cast,
    "DEQUANTIZE": { node throws(Refusal) in try node.pass(try node.input(0, "x")) },
    "QUANTIZE": { node throws(Refusal) in try node.pass(try node.input(0, "x")) },
  ]

  private static func cast(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let value = try node.input(0, "x")
    guard let element = try node.outputElement() else { throw Refusal("has no output") }
    guard element != value.element else { return try node.pass(value) }
    let order = node.order(of: [value])
    return try node.finish(Cast(to: element), [try node.symbol(value, order)], order)
  }
}

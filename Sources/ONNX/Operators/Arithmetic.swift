import IR
import Operators
import Tensors

/// Functions of two numbers, and chains of them.
enum Arithmetic: ONNXFamily {
  static let readers: [String: NodeReader] = [
    Binary.Function.add.onnxType: { node throws(Refusal) in try binary(.add, &node) },
    Binary.Function.sub.onnxType: { node throws(Refusal) in try binary(.sub, &node) },
    Binary.Function.mul.onnxType: { node throws(Refusal) in try binary(.mul, &node) },
    Binary.Function.div.onnxType: { node throws(Refusal) in try binary(.div, &node) },
    Binary.Function.pow.onnxType: power,
    Binary.Function.min.onnxType: { node throws(Refusal) in try chain(.min, &node) },
    Binary.Function.max.onnxType: { node throws(Refusal) in try chain(.max, &node) },
    "Sum": { node throws(Refusal) in try chain(.add, &node) },
    "Mean": mean,
  ]

  private static func binary(_ function: Binary.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    return try node.add(Binary(function), [try node.input(0, "a"), try node.input(1, "b")])
  }

  /// The exponent may have another type than the base.
  private static func power(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let base = try node.input(0, "base")
    var exponent = try node.input(1, "exponent")
    if exponent.element != base.element {
      exponent = try node.add(step: "exponent", Cast(to: base.element), [exponent])
    }
    return try node.add(Binary(.pow), [base, exponent])
  }

  /// Sum, Max and Min of any number of operands, from left to right.
  private static func chain(_ function: Binary.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    let operands = try node.allInputs()
    guard operands.count > 1 else { return try node.identity() }
    var total = operands[0]
    for (index, operand) in operands.dropFirst().dropLast().enumerated() {
      total = try node.add(step: "\(index + 1)", Binary(function), [total, operand])
    }
    return try node.add(Binary(function), [total, operands[operands.count - 1]])
  }

  private static func mean(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let operands = try node.allInputs()
    guard operands.count > 1 else { return try node.identity() }
    var total = operands[0]
    for (index, operand) in operands.dropFirst().enumerated() {
      total = try node.add(step: "\(index + 1)", Binary(.add), [total, operand])
    }
    return try node.add(Binary(.div), [total, node.constant("count", Tensor(scalar: Float(operands.count)))])
  }
}

extension Binary.Function {
  fileprivate var onnxType: String {
    switch self {
    case .add: "Add"
    case .sub: "Sub"
    case .mul: "Mul"
    case .div: "Div"
    case .min: "Min"
    case .max: "Max"
    case .pow: "Pow"
    }
  }
}

extension Binary: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      emission.add(function.onnxType, name: node.name, inputs: emission.names(node.inputs), outputs: [result])
    }
  }
}

extension AddInt8: ONNXWritable {
  var opset: Int { output.function.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    emission.add("Add", for: node, inputs: try emission.reals(node), output: output)
  }
}

extension MulInt8: ONNXWritable {
  var opset: Int { output.function.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    emission.add("Mul", for: node, inputs: try emission.reals(node), output: output)
  }
}

import IR
import Operators
import Tensors

/// Functions of two numbers, bit by bit too, and chains of them.
enum Arithmetic: ONNXFamily {
  static let limits =
    "of float32 and integers, which wrap around; BitShift of integers without a sign, Mod of floats with fmod 1"
  static let readers: [String: NodeReader] = [
    Binary.Function.add.onnxType: { node throws(Refusal) in try binary(.add, &node) },
    Binary.Function.sub.onnxType: { node throws(Refusal) in try binary(.sub, &node) },
    Binary.Function.mul.onnxType: { node throws(Refusal) in try binary(.mul, &node) },
    Binary.Function.div.onnxType: { node throws(Refusal) in try binary(.div, &node) },
    Binary.Function.pow.onnxType: power,
    Binary.Function.min.onnxType: { node throws(Refusal) in try chain(.min, &node) },
    Binary.Function.max.onnxType: { node throws(Refusal) in try chain(.max, &node) },
    "BitShift": bitShift,
    Binary.Function.bitAnd.onnxType: { node throws(Refusal) in try binary(.bitAnd, &node) },
    "BitwiseNot": bitwiseNot,
    Binary.Function.bitOr.onnxType: { node throws(Refusal) in try binary(.bitOr, &node) },
    Binary.Function.bitXor.onnxType: { node throws(Refusal) in try binary(.bitXor, &node) },
    "Mod": mod,
    "Sum": { node throws(Refusal) in try chain(.add, &node) },
    "Mean": mean,
  ]

  private static func binary(_ function: Binary.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    return try node.add(Binary(function), [try node.input(0, "a"), try node.input(1, "b")])
  }

  /// The exponent may have another type than the base, whose type the result has.
  private static func power(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let base = try node.input(0, "base")
    var exponent = try node.input(1, "exponent")
    if exponent.element == .float32, base.element.isInteger {
      let real = try node.add(step: "base", Cast(to: .float32), [base])
      return try node.add(Cast(to: base.element), [try node.step("power", .pow, real, exponent)])
    }
    if exponent.element != base.element {
      exponent = try node.add(step: "exponent", Cast(to: base.element), [exponent])
    }
    return try node.add(Binary(.pow), [base, exponent])
  }

  /// The remainder has the sign of the divisor, or with `fmod` that of the dividend; floats have only the latter.
  private static func mod(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.input(0, "a")
    let keepsSign = try node.bool("fmod", default: false)
    guard keepsSign || a.element.isInteger else {
      throw Refusal("attribute fmod is 0 for \(a.element), expected 1", remedy: "export with a newer PyTorch")
    }
    return try node.add(Binary(keepsSign ? .remainder : .mod), [a, try node.input(1, "b")])
  }

  private static func bitShift(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let direction = try node.string("direction")
    guard direction == "LEFT" || direction == "RIGHT" else {
      throw Refusal("attribute direction is \"\(printable(direction))\", expected LEFT or RIGHT")
    }
    let function: Binary.Function = direction == "LEFT" ? .shiftLeft : .shiftRight
    return try node.add(Binary(function), [try node.input(0, "a"), try node.input(1, "b")])
  }

  /// All bits differ from those of x.
  private static func bitwiseNot(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    // Infinity becomes the largest of the integers, whose bits are all ones where there is no sign.
    let ones = try node.scalar("ones", x.element.isUnsigned ? .infinity : -1, like: x)
    return try node.add(Binary(.bitXor), [x, ones])
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
    case .mod, .remainder: "Mod"
    case .bitAnd: "BitwiseAnd"
    case .bitOr: "BitwiseOr"
    case .bitXor: "BitwiseXor"
    case .shiftLeft, .shiftRight: "BitShift"
    }
  }
}

extension Binary.Function {
  /// The lowest operator set that has it.
  fileprivate var opset: Int {
    switch self {
    case .bitAnd, .bitOr, .bitXor: 18
    default: ONNXWriter.baseOpset
    }
  }

  fileprivate var onnxAttributes: [String: Attribute] {
    switch self {
    case .remainder: ["fmod": .int(1)]
    case .shiftLeft: ["direction": .string("LEFT")]
    case .shiftRight: ["direction": .string("RIGHT")]
    default: [:]
    }
  }
}

extension Binary: ONNXWritable {
  var opset: Int { max(function.opset, activation.onnx.opset) }

  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      emission.add(
        function.onnxType, name: node.name, inputs: emission.names(node.inputs), outputs: [result],
        function.onnxAttributes)
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

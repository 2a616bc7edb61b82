import IR
import Math
import Operators
import Tensors

extension NodeImport {
  /// An operator of the IR with the same name, inputs and no attributes.
  func plain() throws(Failure) -> [Symbol] { try add(record.opType, [:], try allInputs()) }

  // MARK: Functions of one number

  static func attributes(_ function: UnaryFunction) -> [String: Attribute] {
    let (name, parameters) = function.stored
    return parameters.isEmpty
      ? ["function": .string(name)] : ["function": .string(name), "parameters": .floats(parameters)]
  }

  mutating func unary(_ function: UnaryFunction) throws(Failure) -> [Symbol] {
    ignore("consumed_inputs")
    return try add("Unary", NodeImport.attributes(function), [try input(0, "x")])
  }

  func unary(step: String, _ function: UnaryFunction, _ x: Symbol) throws(Failure) -> Symbol {
    try add(step: step, "Unary", NodeImport.attributes(function), [x])
  }

  /// Bounds are attributes before opset 11, inputs since.
  mutating func clip() throws(Failure) -> [Symbol] {
    let lower = try scalar(input: 1, orAttribute: "min") ?? -.infinity
    let upper = try scalar(input: 2, orAttribute: "max") ?? .infinity
    return try add("Unary", NodeImport.attributes(.clip(lower: lower, upper: upper)), [try input(0, "x")])
  }

  mutating func leakyRelu() throws(Failure) -> [Symbol] {
    try unary(.leakyRelu(alpha: try float("alpha", default: 0.01)))
  }

  mutating func elu() throws(Failure) -> [Symbol] { try unary(.elu(alpha: try float("alpha", default: 1))) }

  mutating func hardSigmoid() throws(Failure) -> [Symbol] {
    let alpha = try float("alpha", default: 0.2)
    return try unary(.hardSigmoid(alpha: alpha, beta: try float("beta", default: 0.5)))
  }

  /// The tanh approximation is x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
  mutating func gelu() throws(Failure) -> [Symbol] {
    let approximation = try string("approximate", default: "none")
    if approximation == "none" { return try unary(.gelu) }
    guard approximation == "tanh" else {
      throw Failure("attribute approximate is \"\(printable(approximation))\", expected none or tanh")
    }
    let x = try input(0, "x")
    let square = try binary(step: "square", "mul", x, x)
    let scaled = try binary(step: "scaled", "mul", square, constant("cubic", Tensor(scalar: Float(0.044715))))
    let factor = try binary(step: "factor", "add", scaled, constant("one", Tensor(scalar: Float(1))))
    let inner = try binary(step: "inner", "mul", x, factor)
    let argument = try binary(
      step: "argument", "mul", inner, constant("root", Tensor(scalar: Float(0.797884560802865))))
    let tanh = try unary(step: "tanh", .tanh, argument)
    let sum = try binary(step: "sum", "add", tanh, constant("one", Tensor(scalar: Float(1))))
    let half = try binary(step: "half", "mul", x, constant("half_constant", Tensor(scalar: Float(0.5))))
    return try add("Binary", ["function": .string("mul")], [half, sum])
  }

  /// Integers have no unary functions: 0 - x.
  mutating func neg() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    switch x.element {
    case .int64:
      return try add("Binary", ["function": .string("sub")], [constant("zero", Tensor(scalar: Int64(0))), x])
    case .int32:
      return try add("Binary", ["function": .string("sub")], [constant("zero", Tensor(scalar: Int32(0))), x])
    default: return try unary(.neg)
    }
  }

  // MARK: Functions of two numbers

  func binary(step: String, _ function: String, _ a: Symbol, _ b: Symbol) throws(Failure) -> Symbol {
    try add(step: step, "Binary", ["function": .string(function)], [a, b])
  }

  mutating func binary(_ function: String) throws(Failure) -> [Symbol] {
    ignore("consumed_inputs")
    return try add("Binary", ["function": .string(function)], [try input(0, "a"), try input(1, "b")])
  }

  /// The exponent may have another type than the base.
  mutating func pow() throws(Failure) -> [Symbol] {
    let base = try input(0, "base")
    var exponent = try input(1, "exponent")
    if exponent.element != base.element {
      exponent = try add(step: "exponent", "Cast", ["to": .string(base.element.rawValue)], [exponent])
    }
    return try add("Binary", ["function": .string("pow")], [base, exponent])
  }

  /// Sum, Max and Min of any number of operands, from left to right.
  mutating func chain(_ function: String) throws(Failure) -> [Symbol] {
    ignore("consumed_inputs")
    let operands = try allInputs()
    guard operands.count > 1 else { return try identity() }
    var total = operands[0]
    for (index, operand) in operands.dropFirst().dropLast().enumerated() {
      total = try binary(step: "\(index + 1)", function, total, operand)
    }
    return try add("Binary", ["function": .string(function)], [total, operands[operands.count - 1]])
  }

  mutating func mean() throws(Failure) -> [Symbol] {
    let operands = try allInputs()
    guard operands.count > 1 else { return try identity() }
    var total = operands[0]
    for (index, operand) in operands.dropFirst().enumerated() {
      total = try binary(step: "\(index + 1)", "add", total, operand)
    }
    let count = constant("count", Tensor(scalar: Float(operands.count)))
    return try add("Binary", ["function": .string("div")], [total, count])
  }

  func compare(_ function: String) throws(Failure) -> [Symbol] {
    try add("Compare", ["function": .string(function)], [try input(0, "a"), try input(1, "b")])
  }

  // MARK: Types

  mutating func cast() throws(Failure) -> [Symbol] {
    ignore("saturate")
    let x = try input(0, "x")
    let target = try DataType.named(try int("to")).element
    if target == x.element && x.type.quantization == nil { return try identity() }
    return try add("Cast", ["to": .string(target.rawValue)], [x])
  }

  /// The same value under another name. A constant becomes another constant: exporters write parameters that happen
  /// to be equal as one initializer and an Identity for each of the others.
  func identity() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    guard let constant = x.constant else { return [x] }
    return result(constant)
  }

  mutating func dropout() throws(Failure) -> [Symbol] {
    ignore("ratio", "seed", "is_test", "consumed_inputs")
    if let mode = try constant(2, "training_mode"), mode.integers()?.contains(where: { $0 != 0 }) ?? false {
      throw Failure("is in training mode", remedy: "export the model in inference mode")
    }
    return try identity()
  }
}

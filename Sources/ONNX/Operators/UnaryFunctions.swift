import IR
import Math
import Operators
import Tensors

/// Functions of one number: activations and the like.
enum UnaryFunctions: ONNXFamily {
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: alike.map { ($0.onnx.type, reader(of: $0)) })
    .merging([
      "Celu": celu, "Clip": clip, "Elu": elu, "Gelu": gelu, "HardSigmoid": hardSigmoid, "LeakyRelu": leakyRelu,
      "Neg": negation, "Selu": selu, "Shrink": shrink, "Softsign": softsign, "Swish": swish,
      "ThresholdedRelu": thresholdedRelu,
    ]) { $1 }

  /// Functions whose ONNX operator has neither attributes nor other inputs.
  private static let alike: [UnaryFunction] = [
    .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .erf, .exp, .floor, .hardSwish, .log, .mish,
    .reciprocal, .relu, .round, .sigmoid, .sign, .sin, .sinh, .softplus, .sqrt, .tan, .tanh,
  ]

  private static func reader(of function: UnaryFunction) -> NodeReader {
    { node throws(Refusal) in try unary(function, &node) }
  }

  private static func unary(_ function: UnaryFunction, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("consumed_inputs")
    return try node.add(Unary(function), [try node.input(0, "x")])
  }

  /// Bounds are attributes before opset 11, inputs since.
  private static func clip(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let lower = try node.scalar(input: 1, orAttribute: "min") ?? -.infinity
    let upper = try node.scalar(input: 2, orAttribute: "max") ?? .infinity
    let x = try node.input(0, "x")
    if x.type.quantization != nil { return try node.clipped(x, lower: lower, upper: upper) }
    if x.element.isInteger {
      // Infinities become the ends of the integers.
      let raised = try node.step("raised", .max, x, lower)
      return try node.add(Binary(.min), [raised, try node.scalar("upper", upper, like: x)])
    }
    return try node.add(Unary(.clip(lower: lower, upper: upper)), [x])
  }

  private static func leakyRelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(.leakyRelu(alpha: try node.float("alpha", default: 0.01)), &node)
  }

  private static func elu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(.elu(alpha: try node.float("alpha", default: 1)), &node)
  }

  private static func selu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let alpha = try node.float("alpha", default: 1.67326319217681884765625)
    return try unary(.selu(alpha: alpha, gamma: try node.float("gamma", default: 1.05070102214813232421875)), &node)
  }

  /// max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) = alpha * elu(x / alpha)
  private static func celu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let alpha = try node.float("alpha", default: 1)
    if alpha == 1 { return try unary(.elu(alpha: 1), &node) }
    guard alpha > 0 else { throw Refusal("attribute alpha is \(alpha), expected a positive number") }
    let scaled = try node.step("scaled", .div, try node.input(0, "x"), alpha)
    let bent = try node.step("bent", .elu(alpha: 1), scaled)
    return try node.add(Binary(.mul), [bent, node.constant("alpha", Tensor(scalar: alpha))])
  }

  /// x / (1 + |x|)
  private static func softsign(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    return try node.add(Binary(.div), [x, try node.step("divisor", .add, try node.step("magnitude", .abs, x), 1)])
  }

  private static func swish(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.swish(try node.input(0, "x"), alpha: try node.float("alpha", default: 1))
  }

  /// x above alpha, else 0.
  private static func thresholdedRelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let alpha = node.constant("alpha", Tensor(scalar: try node.float("alpha", default: 1)))
    let isAbove = try node.add(step: "is_above", Compare(.greater), [x, alpha])
    return try node.add(Where(), [isAbove, x, node.constant("zero", Tensor(scalar: Float(0)))])
  }

  /// x + bias below -lambd, x - bias above lambd, 0 between.
  private static func shrink(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let bound = try node.float("lambd", default: 0.5)
    let bias = try node.float("bias", default: 0)
    let upperBound = try node.scalar("upper_bound", bound, like: x)
    let lowerBound = try node.scalar("lower_bound", -bound, like: x)
    let isAbove = try node.add(step: "is_above", Compare(.greater), [x, upperBound])
    let isBelow = try node.add(step: "is_below", Compare(.less), [x, lowerBound])
    let zero = try node.scalar("zero", 0, like: x)
    let upper = try node.add(step: "upper", Where(), [isAbove, try node.step("lowered", .sub, x, bias), zero])
    return try node.add(Where(), [isBelow, try node.step("raised", .add, x, bias), upper])
  }

  private static func hardSigmoid(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let alpha = try node.float("alpha", default: 0.2)
    return try unary(.hardSigmoid(alpha: alpha, beta: try node.float("beta", default: 0.5)), &node)
  }

  private static func gelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let approximation = try node.string("approximate", default: "none")
    if approximation == "none" { return try unary(.gelu, &node) }
    guard approximation == "tanh" else {
      throw Refusal("attribute approximate is \"\(printable(approximation))\", expected none or tanh")
    }
    return try node.tanhGelu(try node.input(0, "x"))
  }

  /// Integers have no unary functions: 0 - x.
  private static func negation(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    switch x.element {
    case .int64: return try node.add(Binary(.sub), [node.constant("zero", Tensor(scalar: Int64(0))), x])
    case .int32: return try node.add(Binary(.sub), [node.constant("zero", Tensor(scalar: Int32(0))), x])
    default: return try unary(.neg, &node)
    }
  }
}

extension NodeImport {
  /// The approximation of GELU by x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
  func tanhGelu(_ x: Symbol) throws(Refusal) -> [Symbol] {
    let square = try add(step: "square", Binary(.mul), [x, x])
    let cubic = constant("cubic", Tensor(scalar: Float(0.044715)))
    let scaled = try add(step: "scaled", Binary(.mul), [square, cubic])
    let one = Tensor(scalar: Float(1))
    let factor = try add(step: "factor", Binary(.add), [scaled, constant("one", one)])
    let inner = try add(step: "inner", Binary(.mul), [x, factor])
    let root = constant("root", Tensor(scalar: Float(0.797884560802865)))
    let argument = try add(step: "argument", Binary(.mul), [inner, root])
    let tanh = try add(step: "tanh", Unary(.tanh), [argument])
    let sum = try add(step: "sum", Binary(.add), [tanh, constant("one", one)])
    let half = try add(
      step: "half", Binary(.mul), [x, constant("half_constant", Tensor(scalar: Float(0.5)))])
    return try add(Binary(.mul), [half, sum])
  }

  /// x * sigmoid(alpha * x)
  func swish(_ x: Symbol, alpha: Float) throws(Refusal) -> [Symbol] {
    if alpha == 1 { return try add(Unary(.silu), [x]) }
    let scaled = try step("scaled", .mul, x, alpha)
    return try add(Binary(.mul), [x, try step("sigmoid", .sigmoid, scaled)])
  }
}

extension UnaryFunction {
  /// The ONNX operator that computes the function, or is the last of those that do, and the lowest operator set that
  /// has it, the writer's own at least.
  var onnx: (type: String, opset: Int) {
    let base = ONNXWriter.baseOpset
    return switch self {
    case .relu: ("Relu", base)
    case .clip: ("Clip", base)
    case .silu: ("Mul", base)
    case .hardSigmoid: ("HardSigmoid", base)
    case .leakyRelu: ("LeakyRelu", base)
    case .elu: ("Elu", base)
    case .identity: ("Identity", base)
    case .sigmoid: ("Sigmoid", base)
    case .tanh: ("Tanh", base)
    case .hardSwish: ("HardSwish", base)
    case .gelu: ("Gelu", 20)
    case .erf: ("Erf", base)
    case .exp: ("Exp", base)
    case .softplus: ("Softplus", base)
    case .mish: ("Mish", 18)
    case .log: ("Log", base)
    case .sqrt: ("Sqrt", base)
    case .abs: ("Abs", base)
    case .neg: ("Neg", base)
    case .reciprocal: ("Reciprocal", base)
    case .floor: ("Floor", base)
    case .ceil: ("Ceil", base)
    case .round: ("Round", base)
    case .selu: ("Selu", base)
    case .sign: ("Sign", base)
    case .sin: ("Sin", base)
    case .cos: ("Cos", base)
    case .tan: ("Tan", base)
    case .asin: ("Asin", base)
    case .acos: ("Acos", base)
    case .atan: ("Atan", base)
    case .sinh: ("Sinh", base)
    case .cosh: ("Cosh", base)
    case .asinh: ("Asinh", base)
    case .acosh: ("Acosh", base)
    case .atanh: ("Atanh", base)
    }
  }
}

extension Unary: ONNXWritable {
  var opset: Int { function.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) {
    emission.add(function, node.name, from: emission.name(node.inputs[0]), to: emission.name(node.outputs[0]), node)
  }
}

extension LookupInt8: ONNXWritable {
  var opset: Int { function.onnx.opset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let inputs = try emission.reals(node)
    let result = emission.temporary(node, "result")
    emission.add(function, node.name, from: inputs[0], to: result, node)
    emission.quantize(
      node, emission.temporary(node, "quantized"), result, as: output, to: emission.name(node.outputs[0]))
  }
}

extension Emission {
  /// Adds the nodes of a function of one number.
  mutating func add(_ function: UnaryFunction, _ nodeName: String, from x: String, to y: String, _ node: Node) {
    var attributes: [String: Attribute] = [:]
    var inputs = [x]
    switch function {
    case .relu: break
    case .clip(let lower, let upper):
      inputs.append(lower == -.infinity ? "" : constant(node, "min", Tensor(scalar: lower)))
      inputs.append(upper == .infinity ? "" : constant(node, "max", Tensor(scalar: upper)))
    case .silu:
      inputs.append(temporary(node, "sigmoid"))
      add("Sigmoid", name: inputs[1], inputs: [x], outputs: [inputs[1]])
    case .hardSigmoid(let alpha, let beta): attributes = ["alpha": .float(alpha), "beta": .float(beta)]
    case .leakyRelu(let alpha), .elu(let alpha): attributes = ["alpha": .float(alpha)]
    case .selu(let alpha, let gamma): attributes = ["alpha": .float(alpha), "gamma": .float(gamma)]
    default: break
    }
    add(function.onnx.type, name: nodeName, inputs: inputs, outputs: [y], attributes)
  }

  /// Writes an operator and then the activation it has fused. `body` writes the operator itself, given the name its own
  /// result is to have.
  mutating func activated(
    _ node: Node, by activation: UnaryFunction, _ body: (inout Emission, _ result: String) -> Void
  ) {
    let output = name(node.outputs[0])
    guard activation != .identity else { return body(&self, output) }
    let result = temporary(node, "linear")
    body(&self, result)
    add(activation, temporary(node, "activation"), from: result, to: output, node)
  }
}

import IR
import Math
import Operators
import Tensors

/// Functions of one number: activations and the like.
enum UnaryFunctions: ONNXFamily {
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: alike.map { ($0.onnx.type, reader(of: $0)) })
    .merging([
      "Clip": clip, "Elu": elu, "Gelu": gelu, "HardSigmoid": hardSigmoid, "LeakyRelu": leakyRelu, "Neg": negation,
    ]) { $1 }

  /// Functions whose ONNX operator has neither attributes nor other inputs.
  private static let alike: [UnaryFunction] = [
    .abs, .ceil, .erf, .exp, .floor, .hardSwish, .log, .mish, .reciprocal, .relu, .round, .sigmoid, .softplus, .sqrt,
    .tanh,
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
    return try node.add(Unary(.clip(lower: lower, upper: upper)), [x])
  }

  private static func leakyRelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(.leakyRelu(alpha: try node.float("alpha", default: 0.01)), &node)
  }

  private static func elu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try unary(.elu(alpha: try node.float("alpha", default: 1)), &node)
  }

  private static func hardSigmoid(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let alpha = try node.float("alpha", default: 0.2)
    return try unary(.hardSigmoid(alpha: alpha, beta: try node.float("beta", default: 0.5)), &node)
  }

  /// The tanh approximation is x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))).
  private static func gelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let approximation = try node.string("approximate", default: "none")
    if approximation == "none" { return try unary(.gelu, &node) }
    guard approximation == "tanh" else {
      throw Refusal("attribute approximate is \"\(printable(approximation))\", expected none or tanh")
    }
    let x = try node.input(0, "x")
    let square = try node.add(step: "square", Binary(.mul), [x, x])
    let cubic = node.constant("cubic", Tensor(scalar: Float(0.044715)))
    let scaled = try node.add(step: "scaled", Binary(.mul), [square, cubic])
    let one = Tensor(scalar: Float(1))
    let factor = try node.add(step: "factor", Binary(.add), [scaled, node.constant("one", one)])
    let inner = try node.add(step: "inner", Binary(.mul), [x, factor])
    let root = node.constant("root", Tensor(scalar: Float(0.797884560802865)))
    let argument = try node.add(step: "argument", Binary(.mul), [inner, root])
    let tanh = try node.add(step: "tanh", Unary(.tanh), [argument])
    let sum = try node.add(step: "sum", Binary(.add), [tanh, node.constant("one", one)])
    let half = try node.add(
      step: "half", Binary(.mul), [x, node.constant("half_constant", Tensor(scalar: Float(0.5)))])
    return try node.add(Binary(.mul), [half, sum])
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

import IR
import Math
import Operators
import Tensors

/// Operators of ONNX Runtime's own domain, com.microsoft, which its optimizer leaves in models: functions, layers with
/// what follows them, and normalisations of sums.
enum Contributed: ONNXFamily {
  static let readers: [String: NodeReader] = Dictionary(
    uniqueKeysWithValues: [
      ("BiasGelu", biasGelu),
      ("FastGelu", fastGelu),
      ("FusedConv", fusedConv),
      ("FusedGemm", fusedGemm),
      ("FusedMatMul", fusedMatMul),
      ("Gelu", gelu),
      ("QuickGelu", quickGelu),
      ("SkipLayerNormalization", skipLayer),
      ("SkipSimplifiedLayerNormalization", skipRootMeanSquare),
    ].map { ("com.microsoft.\($0.0)", $0.1) }
  ).merging(["SimplifiedLayerNormalization": Normalizations.rootMeanSquare]) { $1 }

  // MARK: Functions

  private static func gelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.add(Unary(.gelu), [try node.input(0, "x")])
  }

  private static func biasGelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let sum = try node.step("sum", .add, try node.input(0, "x"), try node.input(1, "bias"))
    return try node.add(Unary(.gelu), [sum])
  }

  /// The tanh approximation, of x or of x and a bias.
  private static func fastGelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    var x = try node.input(0, "x")
    if let bias = node.optional(1) { x = try node.step("sum", .add, x, bias) }
    return try node.tanhGelu(x)
  }

  /// x * sigmoid(alpha * x)
  private static func quickGelu(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.swish(try node.input(0, "x"), alpha: try node.float("alpha", default: 1.702))
  }

  // MARK: Layers with what follows them

  private static func fusedConv(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let w = try node.input(1, "weights")
    let window = try node.window(x, kernel: Array(w.shape.dropFirst(2)))
    let op = Conv(window: window, group: try node.int("group", default: 1))
    let function = try activation(&node)
    guard x.shape.count == 4, w.shape.count == 4 else {
      throw Refusal("x has shape \(x.shape), weights \(w.shape), expected 4 dimensions each")
    }
    var y = try node.add(step: "conv", op, [x, w, node.optional(2)])
    if let other = node.optional(3) { y = try node.step("sum", .add, y, other) }
    return try node.add(Unary(function), [y])
  }

  private static func fusedGemm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let function = try activation(&node)
    let product = try MatrixProducts.gemm(&node)
    return try node.add(Unary(function), product)
  }

  private static func activation(_ node: inout NodeImport) throws(Refusal) -> UnaryFunction {
    let name = try node.string("activation", default: "")
    var parameters = try node.floats("activation_params") ?? []
    for other in ["activation_alpha", "activation_beta", "activation_gamma"] where node.has(other) {
      parameters.append(try node.float(other))
    }
    switch (name, parameters.count) {
    case ("", _): return .identity
    case ("Relu", _): return .relu
    case ("Sigmoid", _): return .sigmoid
    case ("Tanh", _): return .tanh
    case ("LeakyRelu", 1): return .leakyRelu(alpha: parameters[0])
    case ("Clip", 2): return .clip(lower: parameters[0], upper: parameters[1])
    case ("HardSigmoid", 2): return .hardSigmoid(alpha: parameters[0], beta: parameters[1])
    case ("HardSwish", _): return .hardSwish
    default:
      throw Refusal("activation \"\(printable(name))\" with \(parameters.count) parameters is not supported")
    }
  }

  /// alpha * A' B', where A and B may have their matrices turned, or their first dimension moved between the last two.
  private static func fusedMatMul(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    var operands: [Symbol] = []
    for (index, name) in ["A", "B"].enumerated() {
      let x = try node.input(index, name)
      let rank = x.shape.count
      var order = Array(0..<rank)
      if try node.bool("transBatch\(name)", default: false), rank >= 3 {
        order = Array(1..<rank - 1) + [0, rank - 1]
      }
      if try node.bool("trans\(name)", default: false), rank >= 2 { order.swapAt(rank - 1, rank - 2) }
      operands.append(try node.step("turned_\(index)", transposing: x, by: order))
    }
    let alpha = try node.float("alpha", default: 1)
    let product = try node.step("product", product: operands[0], operands[1])
    if alpha == 1 { return try node.result(product) }
    return try node.add(Binary(.mul), [product, node.constant("alpha", Tensor(scalar: alpha))])
  }

  // MARK: Normalisations of sums

  /// LayerNormalization of x + skip (+ bias); the sum is the last output.
  private static func skipLayer(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let sum = try sum(&node, bias: 4)
    let op = LayerNormalization(epsilon: try node.float("epsilon", default: 1e-12))
    let outputs = try node.add(op, [sum, try node.input(2, "gamma"), node.optional(3)])
    return try withSum(outputs, sum, node)
  }

  private static func skipRootMeanSquare(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let sum = try sum(&node, bias: 3)
    let outputs = try node.rootMeanSquare(
      sum, axes: [sum.shape.count - 1], epsilon: try node.float("epsilon", default: 1e-12),
      scale: try node.input(2, "gamma"))
    return try withSum(outputs, sum, node)
  }

  private static func sum(_ node: inout NodeImport, bias: Int) throws(Refusal) -> Symbol {
    let sum = try node.step("sum", .add, try node.input(0, "x"), try node.input(1, "skip"))
    guard !sum.shape.isEmpty else { throw Refusal("x has no dimensions") }
    guard let bias = node.optional(bias) else { return sum }
    return try node.step("biased", .add, sum, bias)
  }

  private static func withSum(_ outputs: [Symbol], _ sum: Symbol, _ node: NodeImport) throws(Refusal) -> [Symbol] {
    guard !node.usesOutput(1), !node.usesOutput(2) else {
      throw Refusal("its mean and deviation outputs are not supported")
    }
    // Nobody reads the two in the middle.
    return [outputs[0], sum, sum, sum]
  }
}

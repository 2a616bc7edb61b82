import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// A function of one number applied to every element, float32.
package struct Unary: Operator, InPlace, TransposeTransparent, PreparationKeeping {
  package static let name = "Unary"

  package let function: UnaryFunction

  package init(_ function: UnaryFunction) {
    self.function = function
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    let name = try attributes.string("function")
    let parameters = try attributes.floats("parameters") ?? []
    guard let function = UnaryFunction(name: name, parameters: parameters) else {
      throw Unary.unknown(name, parameters)
    }
    self.function = function
  }

  package func check() throws(Refusal) {
    let (name, parameters) = function.stored
    guard !parameters.contains(where: \.isNaN) else { throw Unary.unknown(name, parameters) }
  }

  private static func unknown(_ name: String, _ parameters: [Float]) -> Refusal {
    Refusal("function \(name) with parameters \(parameters) is not known")
  }

  package func write(to attributes: inout AttributeWriter) {
    let (name, parameters) = function.stored
    attributes.set("function", name)
    if !parameters.isEmpty { attributes.set("parameters", parameters) }
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    return [x.type]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let activation = function.kernelActivation
    let count = site.outputs[0].count
    let unary = Kernels.float.unary
    return Kernel(implementation: "unary") { call in
      let x: UnsafePointer<Float> = call.input(0).pointer()
      let y: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(elements: count) { range in
        unary(activation, range.count, x + range.lowerBound, y + range.lowerBound)
      }
    }
  }
}

extension Unary: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    function == .identity ? 0 : nil
  }
}

extension Unary: Int8ConvertibleOperation {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    inputs.isFlowing(0) ? nil : "the input is constant"
  }

  package func int8Form(output: Quantization) -> any Operator {
    LookupInt8(function, output: output)
  }
}

#if !RUNTIME_ONLY
extension Unary: Differentiable {}
#endif

extension Unary {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try derivative(&product).map { (derivative) throws(Refusal) in try product.times(product.gradient, derivative) }]
  }
}

extension Unary {
  /// The derivative at every element; nil where it is 0 wherever there is one.
  private func derivative(_ product: inout VectorJacobianProduct) throws(Refusal) -> ValueID? {
    let (x, y) = (product.input(), product.output())
    switch function {
    case .identity: return product.constant(Tensor(scalar: Float(1)))
    case .floor, .ceil, .round, .sign: return nil
    case .clip(let lower, let upper):
      return try product.inside(y, lower: lower, upper: upper) ?? product.constant(Tensor(scalar: Float(1)))
    case .hardSigmoid(let alpha, _):
      return try product.inside(y, lower: 0, upper: 1).map { (inside) throws(Refusal) in
        try product.times(inside, alpha)
      }
    case .hardSwish:
      // s + x / 6 where s = x / 6 + 1 / 2 lies between 0 and 1
      let s = try product.apply(.hardSigmoid(alpha: 1 / 6, beta: 0.5), x)
      let inside = try product.inside(s, lower: 0, upper: 1)
      return try inside.map { (inside) throws(Refusal) in
        try product.plus(s, product.times(product.times(x, 1 / 6), inside))
      }
    case .neg: return product.constant(Tensor(scalar: Float(-1)))
    case .abs: return try product.apply(.sign, x)
    case .reciprocal: return try product.apply(.neg, product.squared(y))
    case .sqrt: return try product.over(product.constant(Tensor(scalar: Float(0.5))), y)
    case .exp: return y
    case .log: return try product.apply(.reciprocal, x)
    case .sigmoid: return try product.times(y, product.minus(1, y))
    case .tanh: return try product.minus(1, product.squared(y))
    case .silu:
      // s (1 + x (1 - s))
      let s = try product.apply(.sigmoid, x)
      return try product.plus(s, product.times(y, product.minus(1, s)))
    case .softplus: return try product.apply(.sigmoid, x)
    case .mish:
      // t + x (1 - t^2) s of t = tanh(softplus x), s = sigmoid x
      let t = try product.apply(.tanh, product.apply(.softplus, x))
      let slope = try product.times(product.minus(1, product.squared(t)), product.apply(.sigmoid, x))
      return try product.plus(t, product.times(x, slope))
    case .leakyRelu(let alpha): return try sided(&product, above: 1, below: product.constant(Tensor(scalar: alpha)))
    case .elu(let alpha): return try sided(&product, above: 1, below: product.plus(y, alpha))
    case .selu(let alpha, let gamma):
      return try sided(&product, above: gamma, below: product.plus(y, alpha * gamma))
    case .erf: return try bell(&product, height: Float(2 / Double.pi.squareRoot()), exponent: -1)
    case .gelu:
      // Phi(x) + x phi(x)
      let area = try product.apply(.erf, product.times(x, Float(0.5.squareRoot())))
      let density = try bell(&product, height: Float(1 / (2 * Double.pi).squareRoot()), exponent: -0.5)
      return try product.plus(product.times(product.plus(area, 1), 0.5), product.times(x, density))
    case .sin: return try product.apply(.cos, x)
    case .cos: return try product.apply(.neg, product.apply(.sin, x))
    case .tan: return try product.plus(product.squared(y), 1)
    case .asin: return try product.apply(.reciprocal, product.apply(.sqrt, product.minus(1, product.squared(x))))
    case .acos:
      let root = try product.apply(.sqrt, product.minus(1, product.squared(x)))
      return try product.apply(.neg, product.apply(.reciprocal, root))
    case .atan: return try product.apply(.reciprocal, product.plus(product.squared(x), 1))
    case .sinh: return try product.apply(.cosh, x)
    case .cosh: return try product.apply(.sinh, x)
    case .asinh: return try product.apply(.reciprocal, product.apply(.sqrt, product.plus(product.squared(x), 1)))
    case .acosh: return try product.apply(.reciprocal, product.apply(.sqrt, product.plus(product.squared(x), -1)))
    case .atanh: return try product.apply(.reciprocal, product.minus(1, product.squared(x)))
    }
  }

  /// One number where x is above 0, another elsewhere.
  private func sided(
    _ product: inout VectorJacobianProduct, above: Float, below: ValueID
  ) throws(Refusal) -> ValueID {
    let zero = product.constant(Tensor(scalar: Float(0)))
    let isAbove = try product.add(Compare(.greater), product.input(), zero)
    return try product.add(Where(), isAbove, product.constant(Tensor(scalar: above)), below)
  }

  /// height * e^(exponent * x^2)
  private func bell(
    _ product: inout VectorJacobianProduct, height: Float, exponent: Float
  ) throws(Refusal) -> ValueID {
    try product.times(product.apply(.exp, product.times(product.squared(product.input()), exponent)), height)
  }
}

#if !RUNTIME_ONLY
extension Unary: ChannelKeeping {}
#endif

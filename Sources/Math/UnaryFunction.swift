package import CKernels
import Platform

/// A function of one real number applied element by element: activations and the like.
package enum UnaryFunction: Sendable, Hashable {
  case identity
  /// min(max(x, lower), upper): ReLU is 0...infinity, ReLU6 0...6.
  case clip(lower: Float, upper: Float)
  case sigmoid
  /// x * sigmoid(x), also called swish.
  case silu
  case tanh
  /// clip(alpha * x + beta, 0, 1)
  case hardSigmoid(alpha: Float, beta: Float)
  /// x * clip(x / 6 + 1 / 2, 0, 1)
  case hardSwish
  case leakyRelu(alpha: Float)
  case elu(alpha: Float)
  case gelu
  case erf
  case exp
  case softplus
  case mish
  case log
  case sqrt
  case abs
  case neg
  case reciprocal
  case floor
  case ceil
  /// Half to even.
  case round
  /// gamma * elu(x)
  case selu(alpha: Float, gamma: Float)
  /// -1, 0 or 1
  case sign
  case sin, cos, tan, asin, acos, atan
  case sinh, cosh, asinh, acosh, atanh

  package static let relu = UnaryFunction.clip(lower: 0, upper: .infinity)
  package static let relu6 = UnaryFunction.clip(lower: 0, upper: 6)

  /// The value in double precision, the same on every machine: what int8 tables are built from.
  package func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .clip(let lower, let upper): min(max(x, Double(lower)), Double(upper))
    case .sigmoid: 1 / (1 + PortableFunctions.exp(-x))
    case .silu: x / (1 + PortableFunctions.exp(-x))
    case .tanh: PortableFunctions.tanh(x)
    case .hardSigmoid(let alpha, let beta): min(max(Double(alpha) * x + Double(beta), 0), 1)
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .leakyRelu(let alpha): x < 0 ? Double(alpha) * x : x
    case .elu(let alpha): x < 0 ? Double(alpha) * (PortableFunctions.exp(x) - 1) : x
    case .gelu: x / 2 * (1 + PortableFunctions.erf(x / 2.0.squareRoot()))
    case .erf: PortableFunctions.erf(x)
    case .exp: PortableFunctions.exp(x)
    case .softplus: PortableFunctions.softplus(x)
    case .mish: x * PortableFunctions.tanh(PortableFunctions.softplus(x))
    case .log: PortableFunctions.log(x)
    case .sqrt: x.squareRoot()
    case .abs: Swift.abs(x)
    case .neg: -x
    case .reciprocal: 1 / x
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .selu(let alpha, let gamma): Double(gamma) * UnaryFunction.elu(alpha: alpha)(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh:
      ck_elementary(kernelActivation.function, x)
    }
  }

  package static func power(_ base: Double, _ exponent: Double) -> Double { Platform.pow(base, exponent) }
  package static func power(_ base: Float, _ exponent: Float) -> Float { Platform.powf(base, exponent) }

  /// The function as float kernels know it.
  package var kernelActivation: ck_activation {
    switch self {
    case .identity: ck_activation(function: CK_IDENTITY, a: 0, b: 0)
    case .clip(let lower, let upper): ck_activation(function: CK_CLIP, a: lower, b: upper)
    case .sigmoid: ck_activation(function: CK_SIGMOID, a: 0, b: 0)
    case .silu: ck_activation(function: CK_SILU, a: 0, b: 0)
    case .tanh: ck_activation(function: CK_TANH, a: 0, b: 0)
    case .hardSigmoid(let alpha, let beta): ck_activation(function: CK_HARD_SIGMOID, a: alpha, b: beta)
    case .hardSwish: ck_activation(function: CK_HARD_SWISH, a: 0, b: 0)
    case .leakyRelu(let alpha): ck_activation(function: CK_LEAKY_RELU, a: alpha, b: 0)
    case .elu(let alpha): ck_activation(function: CK_ELU, a: alpha, b: 0)
    case .gelu: ck_activation(function: CK_GELU, a: 0, b: 0)
    case .erf: ck_activation(function: CK_ERF, a: 0, b: 0)
    case .exp: ck_activation(function: CK_EXP, a: 0, b: 0)
    case .softplus: ck_activation(function: CK_SOFTPLUS, a: 0, b: 0)
    case .mish: ck_activation(function: CK_MISH, a: 0, b: 0)
    case .log: ck_activation(function: CK_LOG, a: 0, b: 0)
    case .sqrt: ck_activation(function: CK_SQRT, a: 0, b: 0)
    case .abs: ck_activation(function: CK_ABS, a: 0, b: 0)
    case .neg: ck_activation(function: CK_NEG, a: 0, b: 0)
    case .reciprocal: ck_activation(function: CK_RECIPROCAL, a: 0, b: 0)
    case .floor: ck_activation(function: CK_FLOOR, a: 0, b: 0)
    case .ceil: ck_activation(function: CK_CEIL, a: 0, b: 0)
    case .round: ck_activation(function: CK_ROUND, a: 0, b: 0)
    case .selu(let alpha, let gamma): ck_activation(function: CK_SELU, a: alpha, b: gamma)
    case .sign: ck_activation(function: CK_SIGN, a: 0, b: 0)
    case .sin: ck_activation(function: CK_SIN, a: 0, b: 0)
    case .cos: ck_activation(function: CK_COS, a: 0, b: 0)
    case .tan: ck_activation(function: CK_TAN, a: 0, b: 0)
    case .asin: ck_activation(function: CK_ASIN, a: 0, b: 0)
    case .acos: ck_activation(function: CK_ACOS, a: 0, b: 0)
    case .atan: ck_activation(function: CK_ATAN, a: 0, b: 0)
    case .sinh: ck_activation(function: CK_SINH, a: 0, b: 0)
    case .cosh: ck_activation(function: CK_COSH, a: 0, b: 0)
    case .asinh: ck_activation(function: CK_ASINH, a: 0, b: 0)
    case .acosh: ck_activation(function: CK_ACOSH, a: 0, b: 0)
    case .atanh: ck_activation(function: CK_ATANH, a: 0, b: 0)
    }
  }

  /// The name and parameters a file stores; `init(name:parameters:)` reads them.
  package var stored: (name: String, parameters: [Float]) {
    switch self {
    case .identity: ("identity", [])
    case .clip(let lower, let upper): ("clip", [lower, upper])
    case .sigmoid: ("sigmoid", [])
    case .silu: ("silu", [])
    case .tanh: ("tanh", [])
    case .hardSigmoid(let alpha, let beta): ("hard_sigmoid", [alpha, beta])
    case .hardSwish: ("hard_swish", [])
    case .leakyRelu(let alpha): ("leaky_relu", [alpha])
    case .elu(let alpha): ("elu", [alpha])
    case .gelu: ("gelu", [])
    case .erf: ("erf", [])
    case .exp: ("exp", [])
    case .softplus: ("softplus", [])
    case .mish: ("mish", [])
    case .log: ("log", [])
    case .sqrt: ("sqrt", [])
    case .abs: ("abs", [])
    case .neg: ("neg", [])
    case .reciprocal: ("reciprocal", [])
    case .floor: ("floor", [])
    case .ceil: ("ceil", [])
    case .round: ("round", [])
    case .selu(let alpha, let gamma): ("selu", [alpha, gamma])
    case .sign: ("sign", [])
    case .sin: ("sin", [])
    case .cos: ("cos", [])
    case .tan: ("tan", [])
    case .asin: ("asin", [])
    case .acos: ("acos", [])
    case .atan: ("atan", [])
    case .sinh: ("sinh", [])
    case .cosh: ("cosh", [])
    case .asinh: ("asinh", [])
    case .acosh: ("acosh", [])
    case .atanh: ("atanh", [])
    }
  }

  package init?(name: String, parameters: [Float]) {
    func parameter(_ index: Int) -> Float { index < parameters.count ? parameters[index] : 0 }
    switch name {
    case "identity": self = .identity
    case "clip": self = .clip(lower: parameter(0), upper: parameter(1))
    case "sigmoid": self = .sigmoid
    case "silu": self = .silu
    case "tanh": self = .tanh
    case "hard_sigmoid": self = .hardSigmoid(alpha: parameter(0), beta: parameter(1))
    case "hard_swish": self = .hardSwish
    case "leaky_relu": self = .leakyRelu(alpha: parameter(0))
    case "elu": self = .elu(alpha: parameter(0))
    case "gelu": self = .gelu
    case "erf": self = .erf
    case "exp": self = .exp
    case "softplus": self = .softplus
    case "mish": self = .mish
    case "log": self = .log
    case "sqrt": self = .sqrt
    case "abs": self = .abs
    case "neg": self = .neg
    case "reciprocal": self = .reciprocal
    case "floor": self = .floor
    case "ceil": self = .ceil
    case "round": self = .round
    case "selu": self = .selu(alpha: parameter(0), gamma: parameter(1))
    case "sign": self = .sign
    case "sin": self = .sin
    case "cos": self = .cos
    case "tan": self = .tan
    case "asin": self = .asin
    case "acos": self = .acos
    case "atan": self = .atan
    case "sinh": self = .sinh
    case "cosh": self = .cosh
    case "asinh": self = .asinh
    case "acosh": self = .acosh
    case "atanh": self = .atanh
    default: return nil
    }
    guard parameters.count == stored.parameters.count, !parameters.contains(where: \.isNaN) else { return nil }
  }

  /// The bounds when the function only clamps.
  package var clampBounds: (lower: Float, upper: Float)? {
    switch self {
    case .identity: (-.infinity, .infinity)
    case .clip(let lower, let upper): (lower, upper)
    default: nil
    }
  }
}

import IR
import Math
import Operators

extension UnaryFunction {
  /// One clamp that does what this one followed by another does, when both only clamp.
  ///
  /// Clamping is monotonic, so the bounds of the first go through the second.
  func clamped(by other: UnaryFunction) -> UnaryFunction? {
    guard let inner = clampBounds, let outer = other.clampBounds else { return nil }
    func apply(_ x: Float) -> Float { min(max(x, outer.lower), outer.upper) }
    let lower = apply(inner.lower)
    let upper = apply(inner.upper)
    return lower == -.infinity && upper == .infinity ? .identity : .clip(lower: lower, upper: upper)
  }

  /// An interval that holds every value of the function.
  var range: (lower: Float, upper: Float) {
    switch self {
    case .sigmoid, .hardSigmoid: (0, 1)
    case .tanh, .erf: (-1, 1)
    case .exp, .softplus, .sqrt, .abs: (0, .infinity)
    case .clip(let lower, let upper): (min(lower, upper), upper)
    default: (-.infinity, .infinity)
    }
  }
}

extension Graph {
  /// A bound no element of a value goes below, as far as the nodes that produce it tell.
  func lowerBound(of value: ValueID) -> Float {
    var current = value
    // Operators that only move elements keep the bound; the limit keeps long chains from being walked again and again.
    for _ in 0..<8 {
      guard let node = producer(of: current) else { return -.infinity }
      if let unary = node.op as? Unary { return unary.function.range.lower }
      if let carrier = node.op as? any ActivationCarrying { return carrier.activation.range.lower }
      guard node.op is MaxPool || node.op is Reshape || node.op is Transpose || node.op is AveragePool,
        let input = input(node, 0)
      else { return -.infinity }
      current = input
    }
    return -.infinity
  }
}

package import IR
package import Math
package import Tensors

/// An int8 operator that knows the float operator on the numbers its integers mean: where what comes of an int8 network
/// is looked at without rounding, as by a gradient.
package protocol FloatFormed: Operator {
  /// - Parameter inputs: as the operator has them
  func floatForm(_ inputs: [Operand?]) throws(Refusal) -> FloatForm
}

/// A float operator in place of an int8 one.
package struct FloatForm {
  package let op: any Operator
  /// How many of the int8 operator's inputs, the first ones, it takes dequantized.
  package let flowing: Int
  /// Its constants, which come after those.
  package let constants: [Tensor]
  /// The function of its result.
  package let function: UnaryFunction

  package init(
    _ op: any Operator, flowing: Int = 1, constants: [Tensor] = [], function: UnaryFunction = .identity
  ) {
    self.op = op
    self.flowing = flowing
    self.constants = constants
    self.function = function
  }
}

extension Int8Output {
  /// The function that the output is of, on the numbers that integers mean.
  ///
  /// A bound at an end of int8's range is one of storage and no part of the network's function, unless it is 0: a
  /// range that begins there is that of a ReLU, or of what is never below 0 anyway.
  package var floatFunction: UnaryFunction {
    guard !hasTable else { return function }
    let low = lower > -128 || lower == quantization.zeroPoint ? Float(quantization.real(lower)) : -Float.infinity
    let high = upper < 127 ? Float(quantization.real(upper)) : Float.infinity
    return low == -.infinity && high == .infinity ? .identity : .clip(lower: low, upper: high)
  }
}

extension Int8Weights {
  /// Weights and bias as the numbers they mean: w = q s_w[c], b = q s_x s_w[c].
  ///
  /// - Parameter input: the quantization of x
  package func floats(input: Quantization) -> [Tensor] {
    let length = scales.isEmpty ? 0 : weights.count / scales.count
    let values = weights.elements(as: Int8.self).enumerated().map { Float($1) * scales[$0 / max(1, length)] }
    let products = multipliers(input: input, outputScale: nil)
    let biases = bias.map { zip($0.elements(as: Int32.self), products).map { Float(Double($0) * Double($1)) } }
    return [Tensor(values, shape: weights.shape)] + (biases.map { [Tensor($0)] } ?? [])
  }
}

package import IR
import Math
package import Tensors

/// A float operator that has an int8 form for some inputs: an `Int8ConvertibleLayer`, an `Int8ConvertibleProduct` or an
/// `Int8ConvertibleOperation`.
///
/// When a node takes part in int8, and with which scales, is the quantizer's to decide.
package protocol Int8Convertible: Operator {
  /// Why there is none for these inputs; nil where there is one.
  func int8Refusal(_ inputs: [Operand?]) -> String?
}

/// A layer with weights: its multiplications pay for converting its input.
///
/// Inputs: x, weights, bias (optional). Its activation has an int8 form where it clamps.
package protocol Int8ConvertibleLayer: Int8Convertible, ActivationCarrying {
  /// What int8 weights are made of, for inputs that are not refused.
  func weights(_ inputs: [Operand?]) -> LayerWeights?

  /// The dimension of x that channels lie along: indices along it meet weights of their own.
  func channelAxis(rank: Int) -> Int

  /// The dimension of the float weights that outputs lie along.
  var outputAxis: Int { get }

  /// The layer over such weights, whatever they are made of: the operator, and its inputs after x.
  func floatForm(_ weights: LayerWeights) -> (op: any ActivationCarrying, constants: [Tensor])

  /// The int8 operator over such weights; its inputs are x, int8 weights, their scales and a bias, as `Int8Weights`
  /// reads them.
  ///
  /// - Parameter output: nil for float32, without the activation
  func int8Form(_ weights: LayerWeights, output: Int8Output?) -> any Operator
}

extension Int8ConvertibleLayer {
  package func floatForm(_ weights: LayerWeights) -> (op: any ActivationCarrying, constants: [Tensor]) {
    (self, [Tensor(weights.values, shape: weights.shape)] + (weights.bias.isEmpty ? [] : [Tensor(weights.bias)]))
  }

  package func channelAxis(rank _: Int) -> Int { 1 }
  package var outputAxis: Int { 0 }

  /// Why weights, bias or activation have no int8 form.
  func weightsRefusal(_ inputs: [Operand?]) -> String? {
    guard activation.clampBounds != nil else { return "activation \(activation.stored.name) is not a clamp" }
    guard inputs.optional(1)?.constant != nil else { return "weights are not constant" }
    if let bias = inputs.optional(2), bias.constant == nil { return "the bias is not constant" }
    return nil
  }
}

/// A product of two values that flow: its multiplications pay for converting both, as those of a layer do.
package protocol Int8ConvertibleProduct: Int8Convertible {
  /// The int8 operator, for inputs that are not refused; it takes them in the same order.
  ///
  /// - Parameter output: nil for float32
  func int8Form(output: Int8Output?) -> any Operator

  /// What multiplies the sums.
  var alpha: Float { get }

  /// Which input has the zero point 0, as weights have.
  var symmetricInput: Int { get }
}

/// An operator over values that flow.
package protocol Int8ConvertibleOperation: Int8Convertible {
  /// The int8 operator, for inputs that are not refused.
  func int8Form(output: Quantization) -> any Operator

  /// Which input of the float operator each input of the int8 one is.
  func int8Order(_ inputs: [Operand?]) -> [Int]

  /// Whether an input may be written with the output's scale from the start, which saves rounding it a second time.
  var takesInputsAtOutputScale: Bool { get }
}

extension Int8ConvertibleOperation {
  package func int8Order(_ inputs: [Operand?]) -> [Int] { Array(inputs.indices) }

  package var takesInputsAtOutputScale: Bool { false }
}

/// The float numbers of a layer, ready to be quantized for each output.
package struct LayerWeights: Sendable {
  /// [outputs, inputs / groups, ...]
  package let shape: [Int]
  /// Row-major.
  package let values: [Float]
  /// One number for each output; empty where there is none.
  package let bias: [Float]
  package let groups: Int

  package init(shape: [Int], values: [Float], bias: [Float], groups: Int = 1) {
    self.shape = shape
    self.values = values
    self.bias = bias
    self.groups = groups
  }
}

extension [Operand?] {
  /// Whether an input is there and not constant.
  func isFlowing(_ index: Int) -> Bool { optional(index).map { $0.constant == nil } ?? false }

  /// Why an int8 form does not take the first input's rank; nil where it does.
  func int8RankRefusal(expected rank: Int) -> String? {
    let found = optional(0)?.type.rank ?? 0
    return found == rank ? nil : "the input has \(found) dimensions, int8 has a form for \(rank)"
  }
}

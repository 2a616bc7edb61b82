package import IR
import Math
package import Tensors

/// y = scale[c] * (x - mean[c]) / sqrt(var[c] + epsilon) + bias[c] along dimension 1, float32.
///
/// Inputs: x [N, C, ...], scale, bias, mean, var [C] (constants). Computed as x * s + t with s and t made in double
/// precision and rounded once.
package struct BatchNormalization: Operator, ElementWise {
  package static let name = "BatchNormalization"

  package let epsilon: Float

  package init(epsilon: Float = 1e-5) {
    self.epsilon = epsilon
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    epsilon = try attributes.finite("epsilon", default: 1e-5)
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("epsilon", epsilon) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 5)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    let channels = try channelCount(x)
    for (index, role) in ["scale", "bias", "mean", "variance"].enumerated() {
      let vector = try inputs.required(index + 1, role)
      try vector.expect(.float32, role)
      try vector.expect(shape: [channels], role)
    }
    return [x.type]
  }

  /// Factor and summand of each channel, in double precision: s = scale / sqrt(var + epsilon), t = bias - mean * s.
  package func coefficients(
    scale: [Float], bias: [Float], mean: [Float], variance: [Float]
  ) -> (scale: [Double], shift: [Double]) {
    var factors: [Double] = []
    var summands: [Double] = []
    for channel in scale.indices {
      let deviation = (Double(variance[channel]) + Double(epsilon)).squareRoot()
      let factor = Double(scale[channel]) / deviation
      factors.append(factor)
      summands.append(Double(bias[channel]) - Double(mean[channel]) * factor)
    }
    return (factors, summands)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let (scale, shift) = coefficients(
      scale: try site.constantFloats(1, "scale"), bias: try site.constantFloats(2, "bias"),
      mean: try site.constantFloats(3, "mean"), variance: try site.constantFloats(4, "variance"))
    let affine = ChannelAffine(scale: scale.map(Float.init), shift: shift.map(Float.init), activation: .identity)
    return try affine.kernel(for: site)
  }
}

extension BatchNormalization: ParameterCarrying {
  package func role(ofConstant input: Int, _: TensorType) -> ConstantRole {
    input < 3 ? .parameter : .runningStatistic
  }
}

#if !RUNTIME_ONLY
extension BatchNormalization: Differentiable {}
#endif

extension BatchNormalization {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "statistics")
    let scale = try product.constant(1, "scales").elements(as: Float.self)
    let zeros = [Float](repeating: 0, count: scale.count)
    let variance = try product.constant(4, "variances").elements(as: Float.self)
    let factors = coefficients(scale: scale, bias: zeros, mean: zeros, variance: variance).scale.map { Float($0) }
    return [
      try product.add(
        ScaleShift(), product.gradient, product.constant(Tensor(factors)), product.constant(Tensor(zeros)))
    ]
  }
}

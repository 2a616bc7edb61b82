package import IR
package import Math
package import Tensors

/// y = activation(x * scale[c] + shift[c]) along dimension 1, float32; what a BatchNormalization comes to.
///
/// Inputs: x [N, C, ...], scale [C], shift [C] (constants).
package struct ScaleShift: Operator, ActivationCarrying, ParameterCarrying, ElementWise, PreparationKeeping {
  package static let name = "ScaleShift"

  package var activation: UnaryFunction

  package init(activation: UnaryFunction = .identity) {
    self.activation = activation
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    activation = try attributes.activation()
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set(activation: activation) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    let channels = try channelCount(x)
    for (index, role) in ["scale", "shift"].enumerated() {
      let vector = try inputs.required(index + 1, role)
      try vector.expect(.float32, role)
      try vector.expect(shape: [channels], role)
    }
    return [x.type]
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let affine = ChannelAffine(
      scale: try site.constantFloats(1, "scale"), shift: try site.constantFloats(2, "shift"), activation: activation)
    return try affine.kernel(for: site)
  }
}

extension ScaleShift: Int8ConvertibleLayer {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    inputs.int8RankRefusal(expected: 4) ?? weightsRefusal(inputs)
  }

  /// Those of a depthwise 1x1 convolution.
  package func weights(_ inputs: [Operand?]) -> LayerWeights? {
    guard let values = inputs.optional(1)?.constant?.floats() else { return nil }
    return LayerWeights(
      shape: [values.count, 1, 1, 1], values: values, bias: inputs.optional(2)?.constant?.floats() ?? [],
      groups: values.count)
  }

  package func floatForm(_ weights: LayerWeights) -> (op: any ActivationCarrying, constants: [Tensor]) {
    let shift = weights.bias.isEmpty ? [Float](repeating: 0, count: weights.values.count) : weights.bias
    return (self, [Tensor(weights.values), Tensor(shift)])
  }

  package func int8Form(_ weights: LayerWeights, output: Int8Output?) -> any Operator {
    ConvInt8(window: Window(kernel: [1, 1]), group: weights.groups, output: output)
  }
}

#if !RUNTIME_ONLY
extension ScaleShift: Differentiable {}
#endif

extension ScaleShift {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "scales")
    let scale = try product.constant(1, "scales")
    let zeros = product.constant(Tensor([Float](repeating: 0, count: scale.count)))
    return [try product.add(ScaleShift(), product.gradient, product.input(1), zeros)]
  }
}

#if !RUNTIME_ONLY
extension ScaleShift: ChannelKeeping {
  package func keeping(
    _: [[Int]?], output: [Int], of inputs: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) {
    var constants: [Int: Tensor] = [:]
    for index in 1...2 { constants[index] = inputs.optional(index)?.constant?.selecting(output, along: 0) }
    return (self, constants)
  }
}
#endif

package import IR
package import Math
package import Tensors

/// 2-D convolution, float32: y = activation(b + sum x * w).
///
/// Inputs: x [N, C, H, W], w [M, C / group, kH, kW] (constant), b [M] (constant, optional). Output: [N, M, oH, oW].
package struct Conv: Operator, ActivationCarrying, ParameterCarrying, PreparationKeeping {
  package static let name = "Conv"

  package var window: Window
  package var group: Int
  package var activation: UnaryFunction

  package init(window: Window, group: Int = 1, activation: UnaryFunction = .identity) {
    self.window = window
    self.group = group
    self.activation = activation
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    group = try attributes.int("group", default: 1)
    activation = try attributes.activation()
    try check()
  }

  package func check() throws(Refusal) {
    guard group >= 1 else { throw Refusal("group is \(group), expected at least 1") }
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if group != 1 { attributes.set("group", group) }
    attributes.set(activation: activation)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    let w = try inputs.required(1, "weights")
    try x.expect(.float32, "x")
    try w.expect(.float32, "weights")
    let shape = try Conv.outputShape(x: x.shape, w: w.shape, window: window, group: group)
    if let b = inputs.optional(2) {
      try b.expect(.float32, "bias")
      try b.expect(shape: [w.shape[0]], "bias")
    }
    return [TensorType(.float32, shape)]
  }

  /// The output shape of a convolution, shared by its int8 twin.
  package static func outputShape(
    x: [Int], w: [Int], window: Window, group: Int
  ) throws(Refusal) -> [Int] {
    guard x.count == 4, w.count == 4 else {
      throw Refusal("x has shape \(x), weights \(w): only 2-D convolutions ([N, C, H, W]) are supported")
    }
    guard w[2...] == window.kernel[...] else {
      throw Refusal("weights \(w) do not fit kernel_shape \(window.kernel)")
    }
    // Divided, not multiplied: a group from a file may be any number.
    guard group >= 1, w[0] > 0, w[1] > 0, x[1] % group == 0, x[1] / group == w[1], w[0] % group == 0 else {
      throw Refusal("x has \(x[1]) channels, which weights \(w) with group \(group) do not fit")
    }
    return try checkedShape([x[0], w[0]] + window.outputSize(Array(x[2...])))
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let w = inputs.optional(1), let y = outputs.first else { return Work() }
    return Work(
      macs: y.count / max(1, w.shape[0]) * w.type.count, elementOperations: activation == .identity ? 0 : y.count)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    guard let weights = site.inputs.optional(1)?.constant?.owned() else {
      throw Refusal("weights that are computed at run time are not supported")
    }
    let bias = try site.inputs.optional(2).map { operand throws(Refusal) in
      guard let bias = operand.constant?.owned() else {
        throw Refusal("a bias that is computed at run time is not supported")
      }
      return bias
    }
    let output = site.outputs[0]
    let shape = window.convolutionShape(input: x.shape, output: output.shape, groups: group)
    guard weights.count > 0 else { throw Refusal("weights are empty") }
    let prepared = weights.withPointer(to: Float.self) { weights in
      func prepare(_ bias: UnsafePointer<Float>?) -> PreparedConvolution {
        site.math.convolution(shape, weights: weights, bias: bias, activation: activation)
      }
      return bias.map { $0.withPointer(to: Float.self, prepare) } ?? prepare(nil)
    }
    let images = x.shape[0]
    let rows = (images == 1 ? prepared.rows : nil).flatMap { rows in
      RowKernel(shape, elementSize: MemoryLayout<Float>.size, scratch: rows.scratch) { call in
        rows.run(
          call.rows, call.input.assumingMemoryBound(to: Float.self), call.output.assumingMemoryBound(to: Float.self),
          call.scratch)
      }
    }
    return Kernel(
      scratch: prepared.scratch, packedBytes: prepared.packedBytes, implementation: prepared.implementation,
      hasPackedConstants: true, rows: rows
    ) { call in
      call.forEachImage(images, of: shape) {
        prepared.run($0, $1, call.workers, call.scratch, call.scratchStride)
      }
    }
  }
}

extension Conv: Int8ConvertibleLayer {
  package func int8Refusal(_ inputs: [Operand?]) -> String? { weightsRefusal(inputs) }

  package func weights(_ inputs: [Operand?]) -> LayerWeights? {
    guard let weights = inputs.optional(1)?.constant, let values = weights.floats() else { return nil }
    return LayerWeights(
      shape: weights.shape, values: values, bias: inputs.optional(2)?.constant?.floats() ?? [], groups: group)
  }

  package func int8Form(_: LayerWeights, output: Int8Output?) -> any Operator {
    ConvInt8(window: window, group: group, output: output)
  }
}

#if !RUNTIME_ONLY
extension Conv: Differentiable {}
#endif

extension Conv {
  /// The transposed convolution of the same weights.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "weights")
    let weights = try product.constant(1, "weights").elements(as: Float.self)
    return [
      try product.spread(product.gradient, over: window, weights: weights, groups: group, to: product.shape(ofInput: 0))
    ]
  }
}

#if !RUNTIME_ONLY
extension Conv: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _: TensorType) -> ChannelFlow? {
    guard inputs.isFlowing(0), let weights = inputs.optional(1)?.constant, !inputs.isFlowing(2) else { return nil }
    if group == 1 { return .mixed }
    // Depthwise; other groups would have to stay of one size.
    guard weights.shape[1] == 1 else { return nil }
    let multiplier = weights.shape[0] / group
    return .passed([(0..<weights.shape[0]).map { $0 / multiplier }])
  }

  package func keeping(
    _ kept: [[Int]?], output: [Int], of inputs: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) {
    guard let weights = inputs.optional(1)?.constant, let channels = kept.first ?? nil else { return (self, [:]) }
    var op = self
    var constants = [1: weights.selecting(output, along: 0)]
    if group == 1 {
      constants[1] = constants[1]?.selecting(channels, along: 1)
    } else {
      op.group = channels.count
    }
    constants[2] = inputs.optional(2)?.constant?.selecting(output, along: 0)
    return (op, constants)
  }
}
#endif

package import IR
import Math
package import Tensors

/// Matrix product with constant weights in int8, the fully connected layer; numbers as in `ConvInt8`.
///
/// Inputs: x int8 [N, K], weights int8 [M, K], weight scales float32 [M], bias int32 [M] (optional). Output [N, M].
package struct GemmInt8: Operator {
  package static let name = "GemmInt8"

  /// Nil for float32 output.
  package var output: Int8Output?

  package init(output: Int8Output?) {
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    output = attributes.has("output_scale") ? try Int8Output(reading: &attributes) : nil
  }

  package func write(to attributes: inout AttributeWriter) { output?.write(to: &attributes) }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    let x = try inputs.required(0, "x")
    _ = try x.quantized("x")
    try x.expect(rank: 2, "x")
    let weights = try inputs.required(1, "weights")
    try weights.expect(rank: 2, "weights")
    guard weights.shape[1] == x.shape[1], weights.shape[0] > 0, weights.shape[1] > 0 else {
      throw Refusal("weights \(weights.shape) do not fit x \(x.shape)")
    }
    try Int8Weights.checkTypes(inputs, channels: weights.shape[0])
    let shape = try checkedShape([x.shape[0], weights.shape[0]])
    guard let output else { return [TensorType(.float32, shape)] }
    return [TensorType(.int8, shape, quantization: output.quantization)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let w = inputs.optional(1), let y = outputs.first else { return Work() }
    return Work(macs: y.shape[0] * w.type.count, elementOperations: output?.hasTable == true ? y.count : 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let shape = ConvolutionShape(rows: x.shape[0], inner: x.shape[1], columns: site.outputs[0].shape[1])
    return try Int8Weights(site.inputs).kernel(shape, x: x, images: 1, output: output)
  }
}

extension GemmInt8: ParameterCarrying {
  /// All but the scales of the weights.
  package func role(ofConstant input: Int, _: TensorType) -> ConstantRole { input == 2 ? .fixed : .parameter }
}

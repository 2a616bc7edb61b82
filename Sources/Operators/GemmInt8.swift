package import IR
package import Math
package import Tensors

/// Matrix product with constant weights in int8, the fully connected layer over the last dimension of x; numbers as in
/// `ConvInt8`.
///
/// Inputs: x int8 [..., K], weights int8 [M, K], weight scales float32 [M], bias int32 [M] (optional). Output [..., M].
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
    let weights = try inputs.required(1, "weights")
    let shape = try Gemm.outputShape(x: x.shape, w: weights.shape, transB: true)
    try Int8Weights.checkTypes(inputs, channels: weights.shape[0])
    guard let output else { return [TensorType(.float32, shape)] }
    return [TensorType(.int8, shape, quantization: output.quantization)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let x = inputs.optional(0), let y = outputs.first else { return Work() }
    return Work(macs: y.count * (x.shape.last ?? 0), elementOperations: output?.hasTable == true ? y.count : 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    guard x.type.count > 0 else { return try site.emptyKernel() }
    let shape = geometry(x: x.shape, output: site.outputs[0].shape)
    return try Int8Weights(site.inputs).kernel(shape, x: x, images: 1, output: output)
  }
}

extension GemmInt8: Int8Layer {
  /// A 1x1 convolution whose pixels are all the rows of x.
  package func geometry(x: [Int], output: [Int]) -> ConvolutionShape {
    let (inner, columns) = (x.last ?? 1, output.last ?? 1)
    return ConvolutionShape(rows: x.reduce(1, *) / max(1, inner), inner: inner, columns: columns)
  }
}

extension GemmInt8: ParameterCarrying {
  /// All but the scales of the weights.
  package func role(ofConstant input: Int, _: TensorType) -> ConstantRole { input == 2 ? .fixed : .parameter }
}

extension GemmInt8: FloatFormed {
  package func floatForm(_ inputs: [Operand?]) throws(Refusal) -> FloatForm {
    let constants = try Int8Weights(inputs).floats(input: inputs.required(0, "x").quantized("x"))
    return FloatForm(Gemm(), constants: constants, function: output?.floatFunction ?? .identity)
  }
}

package import IR
package import Tensors

/// The largest value of each channel, float32 or int8: [N, C, H, W] -> [N, C, 1, 1].
package struct GlobalMaxPool: ElementMoving {
  package static let name = "GlobalMaxPool"

  package init() {}

  package init(reading _: inout AttributeReader) throws(Refusal) {}

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    guard x.type.element == .float32 || x.type.element == .int8 else {
      throw Refusal("x is \(x.type.element), expected float32 or int8")
    }
    try x.expect(rank: 4, "x")
    guard x.type.count > 0 else { throw Refusal("x with shape \(x.shape) is empty") }
    return [x.type.with(shape: [x.shape[0], x.shape[1], 1, 1])]
  }

  package func work(_ inputs: [Operand?], _: [TensorType]) -> Work {
    Work(elementOperations: inputs.optional(0)?.type.count ?? 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    // One window as large as the image.
    let window = Window(kernel: Array(x.shape[2...]))
    let shape = window.convolutionShape(input: x.shape, output: site.outputs[0].shape, groups: x.shape[1])
    return Pooling.maximum(x.type, images: x.shape[0], shape: shape)
  }
}

#if !RUNTIME_ONLY
extension GlobalMaxPool: Differentiable {
  /// Where several positions have the largest value they share it.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try product.divided(product.gradient, among: product.input(), equalTo: product.output(), along: [2, 3])]
  }
}
#endif

#if !RUNTIME_ONLY
extension GlobalMaxPool: ChannelKeeping {}
#endif

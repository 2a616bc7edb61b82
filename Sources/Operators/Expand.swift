package import IR
package import Tensors

/// Repeats x to the shape that its own and `shape` broadcast to.
package struct Expand: CopyMaking, ElementMoving {
  package static let name = "Expand"

  package let shape: [Int]

  package init(shape: [Int]) {
    self.shape = shape
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    shape = try attributes.requiredInts("shape")
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("shape", shape) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    return [x.type.with(shape: try Broadcasting.shape(x.shape, shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0]
    let copy = StridedCopy(
      extents: output.shape,
      source: Broadcasting.strides(of: x.shape, layout: site.layout(ofInput: 0), along: output.shape),
      target: site.strides(ofOutput: 0), elementSize: output.element.size)
    return [OperandCopy(copy)]
  }
}

extension Expand: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? { 0 }
}

#if !RUNTIME_ONLY
extension Expand: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try product.summed(product.gradient, to: product.shape(ofInput: 0))]
  }
}
#endif

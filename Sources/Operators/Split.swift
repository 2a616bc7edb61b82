package import IR
package import Tensors

/// Cuts a tensor along a dimension into parts of the given sizes.
package struct Split: CopyMaking, ElementMoving {
  package static let name = "Split"

  package let axis: Int
  package let sizes: [Int]

  package init(axis: Int, sizes: [Int]) {
    self.axis = axis
    self.sizes = sizes
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    axis = try attributes.int("axis")
    sizes = try attributes.requiredInts("sizes")
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("axis", axis)
    attributes.set("sizes", sizes)
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    let axis = try normalizedAxis(axis, rank: x.type.rank)
    let extent = x.shape[axis]
    var rest = extent
    for size in sizes {
      // Each size is checked against what is left, so the sum cannot overflow.
      guard size >= 0, size <= rest else {
        throw Refusal("sizes \(sizes) do not add up to dimension \(axis) of \(x.shape)")
      }
      rest -= size
    }
    guard rest == 0, !sizes.isEmpty else {
      throw Refusal("sizes \(sizes) do not add up to dimension \(axis) of \(x.shape)")
    }
    return sizes.map { size in
      var shape = x.shape
      shape[axis] = size
      return x.type.with(shape: shape)
    }
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let axis = try normalizedAxis(axis, rank: x.type.rank)
    let source = site.strides(ofInput: 0)
    var copies: [OperandCopy] = []
    var start = 0
    for (index, output) in site.outputs.enumerated() {
      copies.append(
        OperandCopy(
          StridedCopy(
            extents: output.shape, source: source, sourceOffset: start * source[axis],
            target: site.strides(ofOutput: index), elementSize: output.element.size), to: index))
      start += output.shape[axis]
    }
    return copies
  }
}

extension Split: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? { 0 }
}

extension Split: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(Split(axis: order.origin(of: axis), sizes: sizes), outputOrder: order)
  }
}

#if !RUNTIME_ONLY
extension Split: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    var parts: [ValueID] = []
    for index in sizes.indices {
      let zeros = Tensor(TensorType(.float32, product.shape(product.output(index)))) { _ in }
      parts.append(product.gradient(ofOutput: index) ?? product.constant(zeros))
    }
    return [try product.add(Concat(axis: axis), parts)]
  }
}
#endif

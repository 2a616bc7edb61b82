package import IR
package import Tensors

/// Reorders dimensions: dimension i of the output is dimension perm[i] of the input; without `perm`, reversed.
package struct Transpose: CopyMaking, ElementMoving, PreparationKeeping {
  package static let name = "Transpose"

  package let perm: [Int]?

  package init(perm: [Int]?) {
    self.perm = perm
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    perm = try attributes.ints("perm")
  }

  package func write(to attributes: inout AttributeWriter) {
    if let perm { attributes.set("perm", perm) }
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    let order = order(rank: x.type.rank)
    guard order.sorted() == Array(x.shape.indices) else {
      throw Refusal("perm \(order) is not an order of the \(x.type.rank) dimensions of x")
    }
    return [x.type.with(shape: order.map { x.shape[$0] })]
  }

  package func order(rank: Int) -> [Int] { perm ?? Array((0..<rank).reversed()) }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let output = site.outputs[0]
    let strides = site.strides(ofInput: 0)
    let copy = StridedCopy(
      extents: output.shape, source: order(rank: output.rank).map { strides[$0] }, target: site.strides(ofOutput: 0),
      elementSize: output.element.size)
    return [OperandCopy(copy)]
  }
}

extension Transpose: ViewMaking {
  /// Channels-last memory of [N, C, H, W] is row-major memory of [N, H, W, C].
  package func view(of source: Layout) -> (reading: Layout, as: Layout)? {
    switch (perm, source) {
    case ([0, 3, 1, 2]?, .rowMajor): (.rowMajor, .channelsLast)
    case ([0, 2, 3, 1]?, .channelsLast): (.channelsLast, .rowMajor)
    default: nil
    }
  }
}

extension Transpose: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _ output: TensorType) -> Int? {
    order(rank: output.rank) == Array(0..<output.rank) ? 0 : nil
  }
}

#if !RUNTIME_ONLY
extension Transpose: Differentiable {}
#endif

extension Transpose {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let order = order(rank: product.shape(ofInput: 0).count)
    let inverse = order.indices.map { axis in order.firstIndex(of: axis) ?? 0 }
    return [try product.add(Transpose(perm: inverse), product.gradient)]
  }
}

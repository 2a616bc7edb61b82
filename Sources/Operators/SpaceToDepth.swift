package import IR
package import Tensors

/// Gathers blocks of positions into channels: [N, C, H * b, W * b] -> [N, C * b * b, H, W].
///
/// Offset (i, j) of channel c becomes channel (i * b + j) * C + c.
package struct SpaceToDepth: CopyMaking, ElementMoving, PreparationKeeping {
  package static let name = "SpaceToDepth"

  package let block: Int

  package init(block: Int) {
    self.block = block
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    block = try attributes.int("blocksize")
    try check()
  }

  package func check() throws(Refusal) { try BlockMoves.check(block: block) }

  package func write(to attributes: inout AttributeWriter) { attributes.set("blocksize", block) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(rank: 4, "x")
    guard x.shape[2].isMultiple(of: block), x.shape[3].isMultiple(of: block) else {
      throw Refusal("x has shape \(x.shape), it does not fall into blocks of \(block) x \(block)")
    }
    let shape = [x.shape[0], x.shape[1] * block * block, x.shape[2] / block, x.shape[3] / block]
    return [x.type.with(shape: try checkedShape(shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let output = site.outputs[0]
    let copy = BlockMoves.copy(
      deepShape: output.shape, deep: site.strides(ofOutput: 0), wide: site.strides(ofInput: 0), block: block,
      isColumnRowDepth: false, toWide: false, elementSize: output.element.size)
    return [OperandCopy(copy)]
  }
}

#if !RUNTIME_ONLY
extension SpaceToDepth: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try product.add(DepthToSpace(block: block), product.gradient)]
  }
}
#endif

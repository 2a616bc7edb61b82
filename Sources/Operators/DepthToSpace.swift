package import IR
package import Tensors

/// Spreads channels over blocks of positions: [N, C * b * b, H, W] -> [N, C, H * b, W * b].
///
/// Mode DCR takes channel (i * b + j) * C + c to offset (i, j) of channel c, CRD channel (c * b + i) * b + j.
package struct DepthToSpace: CopyMaking, ElementMoving {
  package static let name = "DepthToSpace"

  package enum Mode: String, Sendable, CaseIterable {
    case depthColumnRow = "DCR"
    case columnRowDepth = "CRD"
  }

  package let block: Int
  package let mode: Mode

  package init(block: Int, mode: Mode = .depthColumnRow) {
    self.block = block
    self.mode = mode
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    block = try attributes.int("blocksize")
    mode = try attributes.choice("mode", default: Mode.depthColumnRow)
    try check()
  }

  package func check() throws(Refusal) { try BlockMoves.check(block: block) }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("blocksize", block)
    if mode != .depthColumnRow { attributes.set("mode", mode.rawValue) }
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(rank: 4, "x")
    guard x.shape[1].isMultiple(of: block * block) else {
      throw Refusal("x has \(x.shape[1]) channels, they do not fill blocks of \(block) x \(block)")
    }
    let shape = [x.shape[0], x.shape[1] / (block * block), x.shape[2] * block, x.shape[3] * block]
    return [x.type.with(shape: try checkedShape(shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let copy = BlockMoves.copy(
      deepShape: x.shape, deep: site.strides(ofInput: 0), wide: site.strides(ofOutput: 0), block: block,
      isColumnRowDepth: mode == .columnRowDepth, toWide: true, elementSize: x.type.element.size)
    return [OperandCopy(copy)]
  }
}

#if !RUNTIME_ONLY
extension DepthToSpace: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let deep = try product.add(SpaceToDepth(block: block), product.gradient)
    guard mode == .columnRowDepth else { return [deep] }
    // Offsets and channels change places.
    return [try product.add(ChannelShuffle(groups: block * block), deep)]
  }
}
#endif

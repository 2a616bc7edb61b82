package import IR
package import Tensors

/// Deals out the channels of groups in turn: channel i of group j becomes channel i * groups + j.
///
/// It stands for reshaping [N, C, H, W] to [N, groups, C / groups, H, W], swapping dimensions 1 and 2 and reshaping
/// back.
package struct ChannelShuffle: CopyMaking, ElementMoving {
  package static let name = "ChannelShuffle"

  package let groups: Int

  package init(groups: Int) {
    self.groups = groups
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    groups = try attributes.int("groups")
    try check()
  }

  package func check() throws(Refusal) {
    guard (1...(1 << 15)).contains(groups) else {
      throw Refusal("attribute groups is \(groups), expected 1...32768")
    }
  }

  package func write(to attributes: inout AttributeWriter) { attributes.set("groups", groups) }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(rank: 4, "x")
    guard x.shape[1].isMultiple(of: groups) else {
      throw Refusal("x has \(x.shape[1]) channels, they do not fall into \(groups) groups")
    }
    return [x.type]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let output = site.outputs[0]
    let shape = output.shape
    let members = shape[1] / groups
    let source = site.strides(ofInput: 0)
    let target = site.strides(ofOutput: 0)
    let copy = StridedCopy(
      extents: [shape[0], members, groups, shape[2], shape[3]],
      source: [source[0], source[1], members * source[1], source[2], source[3]],
      target: [target[0], groups * target[1], target[1], target[2], target[3]], elementSize: output.element.size)
    return [OperandCopy(copy)]
  }
}

extension ChannelShuffle: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _ output: TensorType) -> Int? {
    groups == 1 || groups == output.shape[1] ? 0 : nil
  }
}

#if !RUNTIME_ONLY
extension ChannelShuffle: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    [try product.add(ChannelShuffle(groups: product.shape(ofInput: 0)[1] / groups), product.gradient)]
  }
}
#endif

package import IR
package import Tensors

/// Adds elements before and after each dimension; negative pads remove them.
///
/// `pads` are the beginnings of all dimensions, then the ends. What is added is `value` (constant), the mirror image
/// without its edge (reflect) or the edge itself (edge). In a quantized tensor `value` is the real number: 0 is the
/// zero point.
package struct Pad: CopyMaking, ElementMoving, PreparationKeeping {
  package static let name = "Pad"

  package enum Mode: String, Sendable, CaseIterable {
    case constant, reflect, edge
  }

  package let pads: [Int]
  package let mode: Mode
  package let value: Float

  package init(pads: [Int], mode: Mode = .constant, value: Float = 0) {
    self.pads = pads
    self.mode = mode
    self.value = value
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    pads = try attributes.requiredInts("pads")
    mode = try attributes.choice("mode", default: Mode.constant)
    value = try attributes.float("value", default: 0)
    try check()
  }

  package func check() throws(Refusal) {
    let range = -Limits.elements...Limits.elements
    guard pads.allSatisfy(range.contains) else { throw Refusal("pads \(pads) are out of range") }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("pads", pads)
    if mode != .constant { attributes.set("mode", mode.rawValue) }
    // -0 is not the default.
    if value != 0 || value.sign == .minus { attributes.set("value", value) }
  }

  package var layout: LayoutRule { .either }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    let rank = x.type.rank
    guard pads.count == 2 * rank else {
      throw Refusal("pads \(pads) are \(pads.count) numbers, x with shape \(x.shape) needs \(2 * rank)")
    }
    var shape: [Int] = []
    for axis in 0..<rank {
      let extent = x.shape[axis]
      let before = pads[axis]
      let after = pads[axis + rank]
      guard min(before, 0) + min(after, 0) + extent >= 0 else {
        throw Refusal("pads \(pads) remove more than dimension \(axis) of \(x.shape)")
      }
      let reach = mode == .reflect ? extent - 1 : extent == 0 ? 0 : .max
      guard mode == .constant || max(before, after) <= max(reach, 0) else {
        throw Refusal("\(mode.rawValue) pads \(pads) do not fit dimension \(axis) of \(x.shape)")
      }
      shape.append(extent + before + after)
    }
    return [x.type.with(shape: try checkedShape(shape))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package var implementation: String { "pad" }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0]
    let regions = regions(site, x.shape, output)
    var copies = regions.map { OperandCopy($0.copy) }
    if mode == .constant && regions.first?.count != output.count {
      let fill = StridedCopy(extents: [output.count], source: [0], target: [1], elementSize: output.element.size)
      copies.insert(OperandCopy(fill, from: .element(try filling(output).owned())), at: 0)
    }
    return copies
  }

  /// A stretch of one dimension of the output and where its elements come from.
  private struct Segment {
    var target: Int
    var source: Int
    var step: Int
    var count: Int
  }

  private func segments(extent: Int, before: Int, after: Int) -> [Segment] {
    let skipped = max(0, -before)
    let kept = extent - skipped - max(0, -after)
    let middle = Segment(target: max(0, before), source: skipped, step: 1, count: kept)
    guard mode != .constant else { return [middle] }
    // Reflection and edges are taken from the whole input, as if removal came after.
    var result = [middle]
    let isReflection = mode == .reflect
    if before > 0 {
      result.append(
        Segment(target: 0, source: isReflection ? before : 0, step: isReflection ? -1 : 0, count: before))
    }
    if after > 0 {
      let source = isReflection ? extent - 2 : extent - 1
      let target = middle.target + kept
      result.append(Segment(target: target, source: source, step: isReflection ? -1 : 0, count: after))
    }
    return result
  }

  /// The boxes of the output that are copies of the input: one for every combination of segments.
  private func regions(_ site: Site, _ input: [Int], _ output: TensorType) -> [(count: Int, copy: StridedCopy)] {
    let rank = input.count
    var boxes: [[Segment]] = [[]]
    for axis in 0..<rank {
      let choices = segments(extent: input[axis], before: pads[axis], after: pads[axis + rank])
      boxes = boxes.flatMap { box in choices.map { box + [$0] } }
    }
    let source = site.strides(ofInput: 0)
    let target = site.strides(ofOutput: 0)
    return boxes.map { box in
      var sourceOffset = 0
      var targetOffset = 0
      for (axis, segment) in box.enumerated() {
        sourceOffset += segment.source * source[axis]
        targetOffset += segment.target * target[axis]
      }
      let copy = StridedCopy(
        extents: box.map(\.count), source: zip(box, source).map { $0.step * $1 }, sourceOffset: sourceOffset,
        target: target, targetOffset: targetOffset, elementSize: output.element.size)
      return (box.reduce(1) { $0 * $1.count }, copy)
    }
  }

  /// One element of the output's type with the padding value.
  private func filling(_ type: TensorType) throws(Refusal) -> Tensor {
    let number = Tensor(scalar: value)
    if type.element == .float32 { return number }
    if let quantization = type.quantization, type.element == .int8 {
      return Tensor(scalar: Int8(clamping: quantization.quantize(Double(value))))
    }
    return try evaluateConstants(Cast(to: type.element), inputs: [number])[0]
  }
}

extension Pad {
  /// Padding with another number than 0 adds elements the input's range need not hold.
  package var movesElements: Bool { mode != .constant || value == 0 }
}

extension Pad: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    pads.allSatisfy { $0 == 0 } ? 0 : nil
  }
}

extension Pad: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    let rank = order.count
    var moved = pads
    for (position, axis) in order.enumerated() {
      moved[axis] = pads[position]
      moved[axis + rank] = pads[position + rank]
    }
    return TransposePassage(Pad(pads: moved, mode: mode, value: value), outputOrder: order)
  }
}

#if !RUNTIME_ONLY
extension Pad: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(ofInput: 0)
    guard mode != .constant else {
      return [try product.cut(product.gradient, from: Array(pads[..<shape.count]), to: shape)]
    }
    var gradient = product.gradient
    for axis in shape.indices where pads[axis] != 0 || pads[axis + shape.count] != 0 {
      var sources = [Int](repeating: 0, count: product.shape(gradient)[axis])
      for segment in segments(extent: shape[axis], before: pads[axis], after: pads[axis + shape.count]) {
        for index in 0..<segment.count { sources[segment.target + index] = segment.source + index * segment.step }
      }
      gradient = try product.gatheredBack(gradient, along: axis, indices: sources, extent: shape[axis])
    }
    return [gradient]
  }
}
#endif

#if !RUNTIME_ONLY
extension Pad: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard let x = inputs.optional(0), inputs.isFlowing(0), x.type.rank >= 2, pads[1] == 0, pads[1 + x.type.rank] == 0
    else { return nil }
    return .passed([Array(0..<x.shape[1])])
  }
}
#endif

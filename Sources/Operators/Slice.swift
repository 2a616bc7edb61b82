package import IR
package import Tensors

/// Every steps[i]-th index from starts[i] up to, not including, ends[i] along axes[i]; steps may be negative.
///
/// Negative starts and ends count from the end of the dimension; both are clamped to it, as in ONNX and Python.
package struct Slice: CopyMaking, ElementMoving, PreparationKeeping {
  package static let name = "Slice"

  package let starts: [Int]
  package let ends: [Int]
  package let axes: [Int]
  package let steps: [Int]

  package init(starts: [Int], ends: [Int], axes: [Int]? = nil, steps: [Int]? = nil) {
    self.starts = starts
    self.ends = ends
    self.axes = axes ?? Array(starts.indices)
    self.steps = steps ?? [Int](repeating: 1, count: starts.count)
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    self.init(
      starts: try attributes.requiredInts("starts"), ends: try attributes.requiredInts("ends"),
      axes: try attributes.ints("axes"), steps: try attributes.ints("steps"))
    try check()
  }

  package func check() throws(Refusal) {
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw Refusal("starts \(starts), ends \(ends), axes \(axes) and steps \(steps) differ in length")
    }
    guard !steps.contains(0) else { throw Refusal("steps \(steps) contain 0") }
  }

  package func write(to attributes: inout AttributeWriter) {
    attributes.set("starts", starts)
    attributes.set("ends", ends)
    attributes.set("axes", axes)
    if steps.contains(where: { $0 != 1 }) { attributes.set("steps", steps) }
  }

  package var layout: LayoutRule { .either }

  /// First index, step and number of indices along one dimension.
  private struct Selection {
    var start = 0
    var step = 1
    var count: Int
  }

  private func selections(_ shape: [Int]) throws(Refusal) -> [Selection] {
    var result = shape.map { Selection(count: $0) }
    var seen: Set<Int> = []
    for index in starts.indices {
      let axis = try normalizedAxis(axes[index], rank: shape.count)
      guard seen.insert(axis).inserted else { throw Refusal("axes \(axes) name a dimension twice") }
      result[axis] = Slice.selection(
        start: starts[index], end: ends[index], step: steps[index], extent: shape[axis])
    }
    return result
  }

  private static func selection(start: Int, end: Int, step: Int, extent: Int) -> Selection {
    // A step beyond the dimension selects one element, like any smaller one that does: bounding it avoids overflow.
    let step = max(-extent - 1, min(extent + 1, step))
    guard extent > 0 else { return Selection(count: 0) }
    let from = start < 0 ? start + extent : start
    let to = end < 0 ? end + extent : end
    if step > 0 {
      let first = max(0, min(extent, from))
      let last = max(0, min(extent, to))
      return Selection(start: first, step: step, count: max(0, (last - first + step - 1) / step))
    }
    let first = max(0, min(extent - 1, from))
    let last = max(-1, min(extent - 1, to))
    return Selection(start: first, step: step, count: max(0, (first - last - step - 1) / -step))
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    return [x.type.with(shape: try selections(x.shape).map(\.count))]
  }

  package func work(_: [Operand?], _: [TensorType]) -> Work { Work() }

  package func copies(for site: Site) throws(Refusal) -> [OperandCopy] {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0]
    let strides = site.strides(ofInput: 0)
    var source: [Int] = []
    var offset = 0
    for (stride, selection) in zip(strides, try selections(x.shape)) {
      source.append(stride * selection.step)
      offset += stride * selection.start
    }
    let copy = StridedCopy(
      extents: output.shape, source: source, sourceOffset: offset, target: site.strides(ofOutput: 0),
      elementSize: output.element.size)
    return [OperandCopy(copy)]
  }
}

extension Slice: PossibleIdentity {
  /// A selection of as many as there are, in order, is all of them.
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    steps.allSatisfy { $0 > 0 } ? 0 : nil
  }
}

extension Slice: TransposeTransparent {
  package func passage(of order: [Int], output _: TensorType) -> TransposePassage? {
    TransposePassage(
      Slice(starts: starts, ends: ends, axes: axes.map { order.origin(of: $0) }, steps: steps), outputOrder: order)
  }
}

#if !RUNTIME_ONLY
extension Slice: Differentiable {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let shape = product.shape(ofInput: 0)
    var gradient = product.gradient
    var starts = [Int](repeating: 0, count: shape.count)
    for (axis, selection) in try selections(shape).enumerated() where selection.count > 0 {
      if selection.step < 0 {
        let reversed = Slice(starts: [-1], ends: [-selection.count - 1], axes: [axis], steps: [-1])
        gradient = try product.add(reversed, gradient)
        starts[axis] = selection.start + (selection.count - 1) * selection.step
      } else {
        starts[axis] = selection.start
      }
      // A single element has no neighbours to be apart from.
      gradient = try product.spaced(gradient, along: axis, selection.count > 1 ? abs(selection.step) : 1)
    }
    return [try product.cut(gradient, from: starts.map { -$0 }, to: shape)]
  }
}
#endif

import IR
import Operators
import Tensors

/// Parts of tensors.
enum Selections: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "GATHER": gather,
    "SLICE": slice,
    "SPLIT": split,
    "SPLIT_V": splitSizes,
    "STRIDED_SLICE": stridedSlice,
    "UNPACK": unpack,
  ]

  private enum GatherField { static let axis = 0, batchDimensions = 1 }
  private enum UnpackField { static let axis = 1 }

  private enum StridedSliceField {
    static let beginMask = 0, endMask = 1, ellipsisMask = 2, newAxisMask = 3, shrinkAxisMask = 4, isOffset = 5
  }

  private static func gather(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    guard try node.int(GatherField.batchDimensions) == 0 else {
      throw Refusal("gathers within batch dimensions, which is not supported")
    }
    let x = try node.symbol(try node.input(0, "x"))
    return try node.finish(
      Gather(axis: try node.int(GatherField.axis)), [x, try node.symbol(try node.input(1, "indices"))])
  }

  /// A size of -1 is all that is left.
  private static func slice(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.input(0, "x")
    let begins = try node.ints(input: 1, "begin")
    let sizes = try node.ints(input: 2, "size")
    guard begins.count == x.rank, sizes.count == x.rank else {
      throw Refusal("begin \(begins) and size \(sizes) do not fit x with shape \(x.shape)")
    }
    var ends: [Int] = []
    for axis in begins.indices {
      let (begin, size, extent) = (begins[axis], sizes[axis], x.shape[axis])
      guard (0...extent).contains(begin), (-1...extent - begin).contains(size) else {
        throw Refusal("begin \(begins) and size \(sizes) do not fit x with shape \(x.shape)")
      }
      ends.append(size == -1 ? extent : begin + size)
    }
    let order = node.order(of: [x])
    // Dimensions that are whole, a free batch among them, are not named.
    let axes = begins.indices.filter { begins[$0] != 0 || ends[$0] != x.shape[$0] }
    guard !axes.isEmpty else { return try node.pass(x) }
    return try node.finish(
      Slice(starts: axes.map { begins[$0] }, ends: axes.map { ends[$0] }, axes: axes.map(order.place)),
      [try node.symbol(x, order)], order)
  }

  /// Masks have a bit for each dimension: whether its begin or end do not count, or it becomes one index and goes away.
  private static func stridedSlice(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.input(0, "x")
    let begins = try node.ints(input: 1, "begin")
    var ends = try node.ints(input: 2, "end")
    var steps = try node.ints(input: 3, "strides")
    guard begins.count == ends.count, begins.count == steps.count, begins.count <= x.rank else {
      throw Refusal("begin \(begins), end \(ends) and strides \(steps) do not fit x with shape \(x.shape)")
    }
    guard try node.int(StridedSliceField.ellipsisMask) == 0, try node.int(StridedSliceField.newAxisMask) == 0,
      try !node.bool(StridedSliceField.isOffset)
    else { throw Refusal("an ellipsis, new dimensions and offsets are not supported") }
    let beginMask = try node.int(StridedSliceField.beginMask)
    let endMask = try node.int(StridedSliceField.endMask)
    let shrinkMask = try node.int(StridedSliceField.shrinkAxisMask)
    func isSet(_ mask: Int, _ axis: Int) -> Bool { mask >> axis & 1 != 0 }

    var starts: [Int] = []
    for axis in begins.indices {
      let extent = x.shape[axis]
      if isSet(shrinkMask, axis) {
        let index = begins[axis] < 0 ? begins[axis] + extent : begins[axis]
        guard (0..<extent).contains(index) else {
          throw Refusal("index \(begins[axis]) is outside dimension \(axis) of \(x.shape)")
        }
        starts.append(index)
        (ends[axis], steps[axis]) = (index + 1, 1)
      } else {
        let isBackward = steps[axis] < 0
        starts.append(isSet(beginMask, axis) ? isBackward ? extent : 0 : begins[axis])
        // Before the first element: no index counted from the end.
        if isSet(endMask, axis) { ends[axis] = isBackward ? -extent - 1 : extent }
      }
    }
    let isShrunk = begins.indices.contains { isSet(shrinkMask, $0) }
    let order = isShrunk ? .stored : node.order(of: [x])
    let named = begins.indices.filter { starts[$0] != 0 || ends[$0] != x.shape[$0] || steps[$0] != 1 }
    let op = Slice(
      starts: named.map { starts[$0] }, ends: named.map { ends[$0] }, axes: named.map(order.place),
      steps: named.map { steps[$0] })
    let source = try node.symbol(x, order)
    guard isShrunk else { return try node.finish(op, [source], order) }
    let part = try node.add(step: "part", op, [source])
    let kept = part.shape.indices.filter { !isSet(shrinkMask, $0) }
    return try node.finish(Reshape(shape: kept.map { part.shape[$0] }), [part])
  }

  /// Takes the dimension first, then what is split into equal parts.
  private static func split(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.input(1, "x")
    let axis = try axis(node, input: 0, rank: x.rank)
    let parts = node.outputCount
    guard parts > 0, x.shape[axis].isMultiple(of: parts) else {
      throw Refusal("dimension \(axis) of \(x.shape) is split into \(parts) parts")
    }
    return try split(x, axis, [Int](repeating: x.shape[axis] / parts, count: parts), node)
  }

  /// Takes what is split, the sizes, of which one may be -1 for the rest, and the dimension.
  private static func splitSizes(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.input(0, "x")
    let axis = try axis(node, input: 2, rank: x.rank)
    var sizes = try node.ints(input: 1, "sizes")
    guard sizes.count == node.outputCount, sizes.allSatisfy({ (-1...x.shape[axis]).contains($0) }) else {
      throw Refusal("is split into sizes \(sizes.prefix(8)), it has \(node.outputCount) outputs")
    }
    if let free = sizes.firstIndex(of: -1) { sizes[free] = x.shape[axis] - (sizes.reduce(0, +) + 1) }
    return try split(x, axis, sizes, node)
  }

  private static func split(
    _ x: TensorValue, _ axis: Int, _ sizes: [Int], _ node: NodeImport
  ) throws(Refusal) -> [TensorValue] {
    let order = node.order(of: [x])
    return try node.finish(Split(axis: order.place(of: axis), sizes: sizes), [try node.symbol(x, order)], order)
  }

  private static func unpack(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let value = try node.input(0, "x")
    let axis = try node.axis(try node.int(UnpackField.axis), rank: value.rank)
    guard node.outputCount == value.shape[axis] else {
      throw Refusal("dimension \(axis) of \(value.shape) is unpacked into \(node.outputCount) parts")
    }
    let x = try node.symbol(value)
    var shape = x.shape
    shape.remove(at: axis)
    var result: [TensorValue] = []
    for index in 0..<node.outputCount {
      let part = try node.add(
        step: "part_\(index)", Slice(starts: [index], ends: [index + 1], axes: [axis]), [x])
      result.append(try node.finish(Reshape(shape: shape), [part], output: index))
    }
    return result
  }

  private static func axis(_ node: NodeImport, input: Int, rank: Int) throws(Refusal) -> Int {
    let axes = try node.ints(input: input, "axis")
    guard axes.count == 1 else { throw Refusal("has \(axes.count) axes, expected one") }
    return try node.axis(axes[0], rank: rank)
  }
}

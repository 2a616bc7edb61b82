import IR
import Operators
import Tensors

/// Sequences of tensors and optional ones, known when the model is read: nothing of them is left in the graph.
enum Sequences: ONNXFamily {
  static let limits =
    "where no sequence is an output of the model and positions are constants; optional values are there "
    + "or not when the model is read"
  static let readers: [String: NodeReader] = [
    "ConcatFromSequence": concat,
    "Optional": { node throws(Refusal) in [try node.input(0, "x")] },
    "OptionalGetElement": { node throws(Refusal) in [try node.input(0, "x")] },
    "OptionalHasElement": { node throws(Refusal) in node.result(Tensor(scalar: node.optional(0) != nil)) },
    "SequenceAt": { node throws(Refusal) in
      let elements = try elements(node)
      return [elements[try position(node, 1, elements.count)]]
    },
    "SequenceConstruct": { node throws(Refusal) in [try node.sequence(try node.allInputs())] },
    "SequenceEmpty": empty,
    "SequenceErase": { node throws(Refusal) in
      var elements = try elements(node)
      elements.remove(at: try position(node, 1, elements.count))
      return [try node.sequence(elements)]
    },
    "SequenceInsert": { node throws(Refusal) in
      var elements = try elements(node)
      let place = node.optional(2) == nil ? elements.count : try position(node, 2, elements.count, includesEnd: true)
      elements.insert(try node.input(1, "tensor"), at: place)
      return [try node.sequence(elements)]
    },
    "SequenceLength": { node throws(Refusal) in node.result(Tensor(scalar: Int64(try elements(node).count))) },
    "SplitToSequence": split,
  ]

  private static func elements(_ node: NodeImport) throws(Refusal) -> [Symbol] {
    guard let elements = try node.input(0, "sequence").elements else {
      throw Refusal("input 0 (sequence) is a tensor, expected a sequence")
    }
    return elements
  }

  /// A position, which may be counted from the end.
  private static func position(
    _ node: NodeImport, _ index: Int, _ count: Int, includesEnd: Bool = false
  ) throws(Refusal) -> Int {
    guard let given = try node.ints(input: index, "position")?.first else {
      throw Refusal("input \(index) (position) is missing")
    }
    let place = given < 0 ? given + count : given
    guard place >= 0, place < count + (includesEnd ? 1 : 0) else {
      throw Refusal("position \(given) is outside a sequence of \(count) tensors")
    }
    return place
  }

  private static func empty(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("dtype")
    return [try node.sequence([])]
  }

  private static func concat(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let elements = try elements(node)
    let isNew = try node.bool("new_axis", default: false)
    guard let first = elements.first, elements.allSatisfy({ $0.elements == nil }) else {
      throw Refusal("joins a sequence without tensors")
    }
    let axis = try node.axis(try node.int("axis"), rank: first.shape.count + (isNew ? 1 : 0))
    return [try node.joined(elements, axis: axis, isNew: isNew, step: "joined")]
  }

  /// Parts of one size or of given ones; without them of one each, whose dimension may go.
  private static func split(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let axis = try node.axis(try node.int("axis", default: 0), rank: x.shape.count)
    let keeps = try node.bool("keepdims", default: true)
    let extent = x.shape[axis]
    guard (1...Limits.nodes).contains(extent) else { throw Refusal("splits a dimension of \(extent)") }
    var sizes = [Int](repeating: 1, count: extent)
    let given = try node.constant(1, "split")
    if let numbers = given?.integers() {
      guard numbers.count <= extent, numbers.allSatisfy({ $0 >= 0 }), let first = numbers.first else {
        throw Refusal("sizes \(numbers) are no sizes")
      }
      sizes = numbers
      if given?.shape.isEmpty ?? false {
        guard first > 0 else { throw Refusal("sizes \(numbers) are no sizes") }
        sizes = (0..<(extent + first - 1) / first).map { min(first, extent - $0 * first) }
      }
    }
    var parts: [Symbol] = []
    var start = 0
    for (index, size) in sizes.enumerated() {
      guard size <= extent - start else { throw Refusal("sizes \(sizes) are more than the \(extent) there are") }
      let slice = Slice(starts: [start], ends: [start + size], axes: [axis], steps: nil)
      var part = try node.add(step: "\(index)", slice, [x])
      if given == nil, !keeps {
        var shape = part.shape
        shape.remove(at: axis)
        part = try node.add(step: "\(index)/squeezed", Reshape(shape: shape), [part])
      }
      parts.append(part)
      start += size
    }
    return [try node.sequence(parts)]
  }
}

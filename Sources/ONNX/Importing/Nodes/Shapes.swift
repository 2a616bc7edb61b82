import IR
import Tensors

extension NodeImport {
  // MARK: The same elements under another shape

  private func reshape(_ shape: [Int], _ x: Symbol) throws(Failure) -> [Symbol] {
    try add("Reshape", ["shape": .ints(shape)], [x])
  }

  mutating func reshape() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    guard let shape = try ints(input: 1, orAttribute: "shape") else { throw Failure("input 1 (shape) is missing") }
    var attributes: [String: Attribute] = ["shape": .ints(shape)]
    if try bool("allowzero", default: false) { attributes["allow_zero"] = .int(1) }
    return try add("Reshape", attributes, [x])
  }

  mutating func flatten() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let given = try int("axis", default: 1)
    let axis = given == x.shape.count ? given : try self.axis(given, rank: x.shape.count)
    return try reshape([x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)], x)
  }

  /// Axes are an attribute before opset 13, an input since.
  mutating func squeeze() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let rank = x.shape.count
    var removed: Set<Int> = []
    if let axes = try ints(input: 1, orAttribute: "axes") {
      for axis in axes { removed.insert(try self.axis(axis, rank: rank)) }
    } else {
      removed = Set(x.shape.indices.filter { x.shape[$0] == 1 })
    }
    for axis in removed where x.shape[axis] != 1 {
      throw Failure("dimension \(axis) of \(x.shape) is not 1 and cannot be squeezed")
    }
    return try reshape(x.shape.indices.filter { !removed.contains($0) }.map { x.shape[$0] }, x)
  }

  mutating func unsqueeze() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    guard let axes = try ints(input: 1, orAttribute: "axes") else { throw Failure("input 1 (axes) is missing") }
    let rank = x.shape.count + axes.count
    guard rank <= Limits.rank else { throw Failure("axes \(axes.count) make more than \(Limits.rank) dimensions") }
    var added: Set<Int> = []
    for axis in axes { added.insert(try self.axis(axis, rank: rank)) }
    guard added.count == axes.count else { throw Failure("axes \(axes) name a dimension twice") }
    var rest = x.shape[...]
    return try reshape((0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? 1 }, x)
  }

  // MARK: Moving elements

  mutating func transpose() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    return try add("Transpose", ["perm": .ints(try ints("perm") ?? Array(x.shape.indices.reversed()))], [x])
  }

  mutating func concat() throws(Failure) -> [Symbol] {
    let operands = try allInputs()
    let axis = try int("axis", default: 1)
    guard operands.count > 1 else {
      _ = try self.axis(axis, rank: operands[0].shape.count)
      return try identity()
    }
    return try add("Concat", ["axis": .int(axis)], operands)
  }

  /// Sizes are an attribute before opset 13, an input since; without them the parts are equal.
  mutating func split() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let axis = try self.axis(try int("axis", default: 0), rank: x.shape.count)
    let parts = try int("num_outputs", default: outputCount)
    guard parts == outputCount, parts > 0 else {
      throw Failure("attribute num_outputs is \(parts), the node has \(outputCount) outputs")
    }
    var sizes = try ints(input: 1, orAttribute: "split") ?? []
    if sizes.isEmpty {
      // The last part is smaller where the dimension does not divide.
      let size = (x.shape[axis] + parts - 1) / parts
      sizes = (0..<parts).map { min(size, max(0, x.shape[axis] - $0 * size)) }
    }
    guard sizes.count == outputCount else {
      throw Failure("is split into \(sizes.count) parts, the node has \(outputCount) outputs")
    }
    return try add("Split", ["axis": .int(axis), "sizes": .ints(sizes)], [x])
  }

  /// Everything is an attribute before opset 10, an input since.
  mutating func slice() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    guard let starts = try ints(input: 1, orAttribute: "starts"), let ends = try ints(input: 2, orAttribute: "ends")
    else { throw Failure("starts or ends are missing") }
    var attributes: [String: Attribute] = [
      "starts": .ints(starts), "ends": .ints(ends),
      "axes": .ints(try ints(input: 3, orAttribute: "axes") ?? Array(starts.indices)),
    ]
    if let steps = try ints(input: 4, "steps") { attributes["steps"] = .ints(steps) }
    return try add("Slice", attributes, [x])
  }

  mutating func gather() throws(Failure) -> [Symbol] {
    try add(
      "Gather", ["axis": .int(try int("axis", default: 0))], [try input(0, "data"), try input(1, "indices")])
  }

  /// Pads and value are attributes before opset 11, inputs since; opset 18 can name the axes.
  mutating func pad() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let rank = x.shape.count
    let value = try scalar(input: 2, orAttribute: "value") ?? 0
    guard var pads = try ints(input: 1, orAttribute: "pads") else { throw Failure("input 1 (pads) is missing") }
    if let axes = try ints(input: 3, "axes") {
      guard pads.count == 2 * axes.count else {
        throw Failure("pads \(pads) do not fit axes \(axes)")
      }
      var all = [Int](repeating: 0, count: 2 * rank)
      for (index, given) in axes.enumerated() {
        let axis = try self.axis(given, rank: rank)
        all[axis] = pads[index]
        all[axis + rank] = pads[index + axes.count]
      }
      pads = all
    }
    let attributes: [String: Attribute] = [
      "mode": .string(try string("mode", default: "constant")), "pads": .ints(pads), "value": .float(value),
    ]
    return try add("Pad", attributes, [x])
  }

  mutating func expand() throws(Failure) -> [Symbol] {
    guard let shape = try ints(input: 1, "shape") else { throw Failure("input 1 (shape) is missing") }
    return try add("Expand", ["shape": .ints(shape)], [try input(0, "x")])
  }

  mutating func tile() throws(Failure) -> [Symbol] {
    guard let repeats = try ints(input: 1, "repeats") else { throw Failure("input 1 (repeats) is missing") }
    return try add("Tile", ["repeats": .ints(repeats)], [try input(0, "x")])
  }

  mutating func depthToSpace() throws(Failure) -> [Symbol] {
    let attributes: [String: Attribute] = [
      "blocksize": .int(try int("blocksize")), "mode": .string(try string("mode", default: "DCR")),
    ]
    return try add("DepthToSpace", attributes, [try input(0, "x")])
  }

  mutating func spaceToDepth() throws(Failure) -> [Symbol] {
    try add("SpaceToDepth", ["blocksize": .int(try int("blocksize"))], [try input(0, "x")])
  }

  // MARK: Constants

  mutating func constant() throws(Failure) -> [Symbol] {
    if let tensor = try tensor("value") { return try result(weights: tensor) }
    if has("value_float") { return result(Tensor(scalar: try float("value_float"))) }
    if has("value_int") { return result(Tensor(scalar: Int64(try int("value_int")))) }
    if let values = try floats("value_floats") { return result(Tensor(values)) }
    if let values = try ints("value_ints") { return result(Tensor(values.map(Int64.init))) }
    throw Failure("has no value of numbers")
  }

  mutating func constantOfShape() throws(Failure) -> [Symbol] {
    guard try constant(0, "shape") != nil else { throw Failure("input 0 (shape) is missing") }
    let value = try tensor("value") ?? Tensor([Float(0)])
    return try add("ConstantOfShape", ["value": .tensor(value)], [try input(0, "shape")])
  }

  mutating func range() throws(Failure) -> [Symbol] {
    for (index, role) in ["start", "limit", "delta"].enumerated() { _ = try constant(index, role) }
    return try add("Range", [:], try allInputs())
  }

  /// Shapes are known, so this is a constant.
  mutating func shape() throws(Failure) -> [Symbol] {
    let shape = try input(0, "x").shape
    func bound(_ given: Int) -> Int { min(max(given < 0 ? given + shape.count : given, 0), shape.count) }
    let start = bound(try int("start", default: 0))
    let end = bound(try int("end", default: shape.count))
    return result(Tensor(shape[start..<max(start, end)].map(Int64.init)))
  }

  func size() throws(Failure) -> [Symbol] { result(Tensor(scalar: Int64(try input(0, "x").type.count))) }
}

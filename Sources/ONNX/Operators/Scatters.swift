import IR
import Operators
import Tensors

/// Tensors some of whose elements are replaced by others, or joined with them, at places that are known: each element
/// of the result is picked from the elements of both.
enum Scatters: ONNXFamily {
  static let limits = "indices are constants; of updates of one element at most 64"
  static let readers: [String: NodeReader] = [
    "MaxUnpool": maxUnpool, "Scatter": scatterElements, "ScatterElements": scatterElements, "ScatterND": scatterND,
    "TensorScatter": tensorScatter,
  ]

  /// What becomes of an element and its update.
  private enum Joining: String, CaseIterable {
    case none, add, mul, max, min

    /// The function, and the number that leaves the other operand as it is.
    func function(of element: ElementType) -> (function: Binary.Function, neutral: Float)? {
      switch self {
      case .none: nil
      case .add: (.add, 0)
      case .mul: (.mul, 1)
      // Cast saturates infinities to the ends of integers.
      case .max: (.max, -.infinity)
      case .min: (.min, .infinity)
      }
    }
  }

  /// y[index[i][j][k]][j][k] = updates[i][j][k], for the first of three axes.
  private static func scatterElements(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "data")
    let updates = try node.input(2, "updates")
    let rank = x.shape.count
    let axis = try node.axis(try node.int("axis", default: 0), rank: rank)
    let shape = try node.input(1, "indices").shape
    guard let indices = try node.ints(input: 1, "indices"), updates.shape == shape, shape.count == rank,
      (0..<rank).allSatisfy({ $0 == axis || shape[$0] <= x.shape[$0] })
    else {
      throw Refusal("indices with shape \(shape) and updates \(updates.shape) do not fit data with shape \(x.shape)")
    }
    var strides = Layout.rowMajor.strides(of: x.shape)
    let stride = strides[axis]
    strides[axis] = 0
    let base = IndexSpace.places(shape, strides: strides).integers() ?? []
    var targets: [Int] = []
    for (index, place) in zip(indices, base) {
      targets.append(try inside(index, x.shape[axis]) * stride + place)
    }
    return try scatter(x, updates, at: targets, block: 1, &node)
  }

  /// The last dimension of the indices names slices of x.
  private static func scatterND(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "data")
    let updates = try node.input(2, "updates")
    let shape = try node.input(1, "indices").shape
    guard let indices = try node.ints(input: 1, "indices"), let count = shape.last, count <= x.shape.count,
      updates.shape == Array(shape.dropLast() + x.shape.dropFirst(count))
    else {
      throw Refusal("indices with shape \(shape) and updates \(updates.shape) do not fit data with shape \(x.shape)")
    }
    let strides = Layout.rowMajor.strides(of: Array(x.shape.prefix(count)))
    var targets: [Int] = []
    for slice in 0..<shape.dropLast().reduce(1, *) {
      var target = 0
      for position in 0..<count {
        target += try inside(indices[slice * count + position], x.shape[position]) * strides[position]
      }
      targets.append(target)
    }
    return try scatter(x, updates, at: targets, block: x.shape.dropFirst(count).reduce(1, *), &node)
  }

  /// Updates along an axis of a cache, from where `write_indices` says for each of the batch, once around the cache
  /// where `mode` is circular.
  private static func tensorScatter(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "past_cache")
    let updates = try node.input(1, "update")
    let axis = try node.axis(try node.int("axis", default: -2), rank: x.shape.count)
    let mode = try node.string("mode", default: "linear")
    guard mode == "linear" || mode == "circular" else {
      throw Refusal("attribute mode is \"\(printable(mode))\", expected linear or circular")
    }
    var expected = x.shape
    expected[axis] = updates.shape.count == x.shape.count ? updates.shape[axis] : 0
    let starts = try node.ints(input: 2, "write_indices") ?? [Int](repeating: 0, count: x.shape[0])
    let (extent, count) = (x.shape[axis], expected[axis])
    guard axis > 0, updates.shape == expected, starts.count == x.shape[0], count <= extent,
      starts.allSatisfy({ $0 >= 0 && $0 <= (mode == "circular" ? extent : extent - count) })
    else {
      throw Refusal("updates with shape \(updates.shape) do not fit past_cache with shape \(x.shape)")
    }
    let rows = x.shape[..<axis].reduce(1, *)
    try node.reserve(.int64, [rows, count])
    let rowsOfOne = max(1, rows / max(1, starts.count))
    let targets = (0..<rows).flatMap { row in
      let start = starts[row / rowsOfOne]
      return (0..<count).map { row * extent + (start + $0) % max(1, extent) }
    }
    return try scatter(x, updates, at: targets, block: x.shape[(axis + 1)...].reduce(1, *), &node)
  }

  /// What MaxPool left of images, back where its indices say it was, among zeros; larger images have more of them at
  /// the end.
  private static func maxUnpool(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let indices = try node.ints(input: 1, "indices"), x.shape.count > 2, indices.count == x.type.count,
      let kernel = try node.ints("kernel_shape"), kernel.count == x.shape.count - 2
    else {
      throw Refusal("indices or kernel_shape do not fit x with shape \(x.shape)")
    }
    let rank = kernel.count
    let strides = try node.ints("strides") ?? [Int](repeating: 1, count: rank)
    let pads = try node.ints("pads") ?? [Int](repeating: 0, count: 2 * rank)
    let range = 0...(1 << 15)
    guard strides.count == rank, pads.count == 2 * rank, (kernel + strides + pads).allSatisfy(range.contains) else {
      throw Refusal("kernel_shape \(kernel), strides \(strides) and pads \(pads) are not those of a window")
    }
    let size = (0..<rank).map { axis in
      let padding = pads[axis] + pads[axis + rank]
      return (x.shape[axis + 2] - 1) * strides[axis] - padding + kernel[axis]
    }
    let shape = try checkedShape(Array(x.shape.prefix(2)) + size)
    let target = try node.ints(input: 2, "output_shape") ?? shape
    guard target.count == shape.count, zip(target, shape).allSatisfy({ $0 >= $1 }) else {
      throw Refusal("output_shape \(target) is smaller than the \(shape) of the window")
    }
    let count = shape.reduce(1, *)
    var targets: [Int] = []
    for index in indices { targets.append(try inside(index, count)) }
    try node.reserve(.float32, shape)
    let zeros = node.constant("zeros", Tensor([Float](repeating: 0, count: count), shape: shape))
    let placed = try rows(zeros, x, at: targets, block: 1, joining: .none, node)
    guard target != shape else { return try node.add(Reshape(shape: shape), [placed]) }
    let images = try node.step("images", reshaping: placed, to: shape)
    return try node.add(Pad(pads: shape.map { _ in 0 } + zip(target, shape).map { $0 - $1 }), [images])
  }

  private static func inside(_ index: Int, _ extent: Int) throws(Refusal) -> Int {
    guard (-extent..<extent).contains(index) else {
      throw Refusal("index \(index) is outside a dimension of \(extent)")
    }
    return index < 0 ? index + extent : index
  }

  /// Updates of blocks of elements at their places among those of x. Where some go to one place, the last counts, or
  /// all join one after the other.
  private static func scatter(
    _ x: Symbol, _ updates: Symbol, at targets: [Int], block: Int, _ node: inout NodeImport
  ) throws(Refusal) -> [Symbol] {
    let joining: Joining = try node.choice("reduction", default: .none)
    guard !targets.isEmpty, block > 0 else { return try node.identity() }
    return try node.add(
      Reshape(shape: x.shape), [try rows(x, updates, at: targets, block: block, joining: joining, node)])
  }

  /// The same as rows of blocks; there are targets.
  private static func rows(
    _ x: Symbol, _ updates: Symbol, at targets: [Int], block: Int, joining: Joining, _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    let blocks = x.type.count / block
    try node.reserve(.int64, [blocks])
    let rows = try node.step("rows", reshaping: x, to: [blocks, block])
    let news = try node.step("updates", reshaping: updates, to: [targets.count, block])
    guard let (function, neutral) = joining.function(of: x.element) else {
      var origins = (0..<blocks).map(Int64.init)
      for (update, target) in targets.enumerated() { origins[target] = Int64(blocks + update) }
      let all = try node.add(step: "all", Concat(axis: 0), [rows, news])
      return try node.add(step: "picked", Gather(axis: 0), [all, node.constant("origins", Tensor(origins))])
    }
    // Behind the updates stands one that changes nothing.
    let still = try node.add(
      step: "still", Expand(shape: [1, block]), [try node.scalar("neutral", neutral, like: x)])
    let all = try node.add(step: "all", Concat(axis: 0), [news, still])
    var result = rows
    for (round, origins) in try rounds(targets, of: blocks, node).enumerated() {
      let picked = try node.add(
        step: "picked_\(round)", Gather(axis: 0), [all, node.constant("origins_\(round)", Tensor(origins))])
      result = try node.step("joined_\(round)", function, result, picked)
    }
    return result
  }

  /// For each place the update it gets first, second, ...; the number of updates where it gets none.
  private static func rounds(
    _ targets: [Int], of blocks: Int, _ node: NodeImport
  ) throws(Refusal) -> [[Int64]] {
    var rounds: [[Int64]] = []
    var met = [Int](repeating: 0, count: blocks)
    for (update, target) in targets.enumerated() {
      if met[target] == rounds.count {
        guard rounds.count < 64 else { throw Refusal("more than 64 updates of one element are not supported") }
        try node.reserve(.int64, [blocks])
        rounds.append([Int64](repeating: Int64(targets.count), count: blocks))
      }
      rounds[met[target]][target] = Int64(update)
      met[target] += 1
    }
    return rounds
  }
}

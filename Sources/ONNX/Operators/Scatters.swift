import IR
import Operators
import Tensors

/// Tensors some of whose elements are replaced by others, or joined with them, at places that are known: each element
/// of the result is picked from the elements of both.
enum Scatters: ONNXFamily {
  static let readers: [String: NodeReader] = [
    "Scatter": scatterElements, "ScatterElements": scatterElements, "ScatterND": scatterND,
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
    let blocks = x.type.count / block
    try node.reserve(.int64, [blocks])
    let rows = try node.step("rows", reshaping: x, to: [blocks, block])
    let news = try node.step("updates", reshaping: updates, to: [targets.count, block])
    guard let (function, neutral) = joining.function(of: x.element) else {
      var origins = (0..<blocks).map(Int64.init)
      for (update, target) in targets.enumerated() { origins[target] = Int64(blocks + update) }
      let all = try node.add(step: "all", Concat(axis: 0), [rows, news])
      let picked = try node.add(step: "picked", Gather(axis: 0), [all, node.constant("origins", Tensor(origins))])
      return try node.add(Reshape(shape: x.shape), [picked])
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
    return try node.add(Reshape(shape: x.shape), [result])
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

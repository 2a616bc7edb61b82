import IR
import Operators
import Tensors

/// Unique.
enum Uniques: ONNXFamily {
  static let limits = "of constants"
  static let readers: [String: NodeReader] = ["Unique": unique]

  /// The different elements, or slices along an axis, of a constant: in order, or as they come first. Further outputs:
  /// where each comes first, which of them each is, how often each is there.
  private static func unique(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let given = try node.constant(0, "x") else { throw Refusal("input 0 (x) is missing") }
    let isSorted = try node.bool("sorted", default: true)
    let x = try node.input(0, "x")
    var axis = 0
    var source = x
    if node.has("axis") {
      axis = try node.axis(try node.int("axis"), rank: x.shape.count)
    } else {
      source = try node.step("flat", reshaping: x, to: [given.count])
    }
    let slices = Slices(given, axis: axis, extent: source.shape[axis], inner: source.shape[(axis + 1)...].reduce(1, *))
    let order = (0..<source.shape[axis]).sorted { slices.order($0, $1).map { $0 < 0 } ?? ($0 < $1) }
    var first: [Int] = []
    var counts: [Int64] = []
    var which = [Int](repeating: 0, count: order.count)
    for slice in order {
      if let last = first.last, slices.order(last, slice) == nil {
        counts[counts.count - 1] += 1
      } else {
        first.append(slice)
        counts.append(1)
      }
      which[slice] = first.count - 1
    }
    // Equal ones are in the order they come in, so the first of each is its first occurrence.
    let ranks = isSorted ? Array(first.indices) : first.indices.sorted { first[$0] < first[$1] }
    var position = [Int](repeating: 0, count: ranks.count)
    for (place, rank) in ranks.enumerated() { position[rank] = place }
    let origins = Tensor(ranks.map { Int64(first[$0]) })
    try node.reserve(.int64, [3 * order.count])
    let different = try node.add(step: "different", Gather(axis: axis), [source, node.constant("origins", origins)])
    return [
      different, node.constant("first", origins), node.constant("which", Tensor(which.map { Int64(position[$0]) })),
      node.constant("counts", Tensor(ranks.map { counts[$0] })),
    ]
  }

  /// Slices of a tensor along an axis, in the order of their elements.
  private struct Slices {
    private let integers: [Int]?
    private let numbers: [Double]
    private let extent: Int
    private let inner: Int
    private let outer: Int

    init(_ tensor: Tensor, axis: Int, extent: Int, inner: Int) {
      integers = tensor.integers()
      numbers = integers == nil ? tensor.doubles() : []
      self.extent = extent
      self.inner = inner
      outer = extent * inner == 0 ? 0 : tensor.count / (extent * inner)
    }

    /// Below 0 where slice a comes before b, nil where they are equal. NaN comes last and equals itself.
    func order(_ a: Int, _ b: Int) -> Int? {
      for row in 0..<outer {
        for column in 0..<inner {
          let left = (row * extent + a) * inner + column
          let right = (row * extent + b) * inner + column
          if let integers {
            if integers[left] != integers[right] { return integers[left] < integers[right] ? -1 : 1 }
          } else if numbers[left] != numbers[right], !(numbers[left].isNaN && numbers[right].isNaN) {
            return numbers[left] < numbers[right] || numbers[right].isNaN ? -1 : 1
          }
        }
      }
      return nil
    }
  }
}

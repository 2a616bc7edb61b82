import IR
import Operators
import Tensors

/// Running sums.
enum Scans: ONNXFamily {
  static let limits = "the axis is a constant"
  static let readers: [String: NodeReader] = ["CumSum": cumulativeSum]

  /// Each step adds the tensor moved by twice as much as the one before, until all before an element have come to it
  /// (Hillis and Steele 1986).
  private static func cumulativeSum(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard let given = try node.ints(input: 1, "axis"), given.count == 1 else {
      throw Refusal("input 1 (axis) is not one number")
    }
    let axis = try node.axis(given[0], rank: x.shape.count)
    let isReversed = try node.bool("reverse", default: false)
    /// Zeros come in at one end, elements leave at the other.
    func shift(_ distance: Int) -> Pad {
      var pads = [Int](repeating: 0, count: 2 * x.shape.count)
      pads[axis] = isReversed ? -distance : distance
      pads[axis + x.shape.count] = -pads[axis]
      return Pad(pads: pads)
    }
    let extent = x.shape[axis]
    let isExclusive = try node.bool("exclusive", default: false)
    var sum = isExclusive && extent > 0 ? try node.add(step: "exclusive", shift(1), [x]) : x
    var distance = 1
    while distance < extent {
      let moved = try node.add(step: "moved_\(distance)", shift(distance), [sum])
      sum = try node.step("sum_\(distance)", .add, sum, moved)
      distance *= 2
    }
    return try node.result(sum)
  }
}

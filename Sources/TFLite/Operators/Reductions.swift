import IR
import Operators
import Tensors

/// One number of many, or where it is.
enum Reductions: TFLiteFamily {
  static let readers: [String: OperatorReader] = [
    "ARG_MAX": argMax,
    "MEAN": { node throws(Refusal) in try reduce(.mean, &node) },
    "REDUCE_MAX": { node throws(Refusal) in try reduce(.max, &node) },
    "REDUCE_MIN": { node throws(Refusal) in try reduce(.min, &node) },
    "REDUCE_PROD": { node throws(Refusal) in try reduce(.prod, &node) },
    "SUM": { node throws(Refusal) in try reduce(.sum, &node) },
  ]

  private static let keepsDimensions = 0
  private static let outputType = 0

  private static func reduce(_ function: Reduce.Function, _ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let value = try node.input(0, "x")
    let keeps = try node.bool(keepsDimensions)
    let order = node.order(of: [value])
    var axes: [Int] = []
    for axis in try node.ints(input: 1, "axes") { axes.append(try node.axis(axis, rank: value.rank)) }
    guard !axes.isEmpty else { return try node.pass(value) }
    let x = try node.symbol(value, order)
    // Without the dimensions it reduces, an image's others may be in another order than the file's.
    let left = order == .stored ? [] : order.permutation.filter { !axes.contains($0) }
    if !keeps, left != left.sorted() {
      return try node.finish(Reduce(function, axes: axes.sorted(), keepsDimensions: false), [try node.symbol(value)])
    }
    let op = Reduce(function, axes: Set(axes.map(order.place)).sorted(), keepsDimensions: keeps)
    guard x.type.element == .int32 || x.type.element == .int64 else {
      return try node.finish(op, [x], keeps ? order : .stored)
    }
    // Arithmetic of shapes: exact in float32 up to 2^24, which is checked.
    guard let values = x.constant?.integers(), values.allSatisfy({ $0.magnitude <= 1 << 24 }) else {
      throw Refusal("reduces integers that are computed at run time or large, which is not supported")
    }
    let floats = try node.add(step: "float", Cast(to: .float32), [x])
    let result = try node.add(step: "reduced", op, [floats])
    guard result.constant?.doubles().allSatisfy({ $0.magnitude <= 0x1p24 }) ?? false else {
      throw Refusal("the result of reducing integers is too large")
    }
    return try node.finish(Cast(to: x.type.element), [result])
  }

  private static func argMax(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    let x = try node.symbol(try node.input(0, "x"))
    let axes = try node.ints(input: 1, "axis")
    guard axes.count == 1 else { throw Refusal("has \(axes.count) axes, expected one") }
    let op = ArgMax(axis: try node.axis(axes[0], rank: x.shape.count), keepsDimensions: false)
    guard try TensorKind.named(try node.choice(outputType)) == .int32 else { return try node.finish(op, [x]) }
    return try node.finish(Cast(to: .int32), [try node.add(step: "index", op, [x])])
  }
}

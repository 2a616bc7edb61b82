import IR
import Operators
import Tensors

/// Elements named by indices. All become Gather along one dimension: where several indices name an element or a slice,
/// they are added up to its place among all.
enum Gathers: ONNXFamily {
  static let limits = "the condition of Compress and lengths of ReverseSequence are constants"
  static let readers: [String: NodeReader] = [
    "Compress": compress,
    "Gather": gather,
    "GatherElements": gatherElements,
    "GatherND": gatherND,
    "ReverseSequence": reverse,
  ]

  private static func gather(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.add(reading: Gather.self, [try node.input(0, "data"), try node.input(1, "indices")])
  }

  /// The slices along `axis` whose condition holds; without an axis, elements.
  private static func compress(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    var x = try node.input(0, "x")
    guard let condition = try node.constant(1, "condition") else { throw Refusal("input 1 (condition) is missing") }
    var axis = 0
    if node.has("axis") {
      axis = try node.axis(try node.int("axis"), rank: x.shape.count)
    } else {
      x = try node.step("flat", reshaping: x, to: [x.type.count])
    }
    let extent = x.shape.isEmpty ? 0 : x.shape[axis]
    let kept = condition.doubles().prefix(extent).enumerated().filter { $0.element != 0 }.map { Int64($0.offset) }
    return try node.add(Gather(axis: axis), [x, node.constant("indices", Tensor(kept))])
  }

  /// y[i][j][k] = x[index[i][j][k]][j][k], for the first of three axes.
  private static func gatherElements(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "data")
    let indices = try node.input(1, "indices")
    let rank = x.shape.count
    let axis = try node.axis(try node.int("axis", default: 0), rank: rank)
    guard indices.shape.count == rank, (0..<rank).allSatisfy({ $0 == axis || indices.shape[$0] <= x.shape[$0] }) else {
      throw Refusal("indices with shape \(indices.shape) do not fit data with shape \(x.shape)")
    }
    var strides = Layout.rowMajor.strides(of: x.shape)
    let chosen = try node.places(indices, extent: x.shape[axis], stride: strides[axis], "index")
    strides[axis] = 0
    try node.reserve(.int64, indices.shape)
    let base = node.constant("base", IndexSpace.places(indices.shape, strides: strides))
    let places = try node.step("places", .add, chosen, base)
    return try node.add(Gather(axis: 0), [try node.step("flat", reshaping: x, to: [x.type.count]), places])
  }

  /// The first elements along `time_axis` in the opposite order: how many, `sequence_lens` says for each of the batch.
  private static func reverse(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let time = try node.axis(try node.int("time_axis", default: 0), rank: x.shape.count)
    let batch = try node.axis(try node.int("batch_axis", default: 1), rank: x.shape.count)
    guard let lengths = try node.ints(input: 1, "sequence_lens"), time + batch == 1,
      lengths.count == x.shape[batch], lengths.allSatisfy((0...x.shape[time]).contains)
    else {
      throw Refusal("sequence_lens do not fit axes \(time) and \(batch) of x with shape \(x.shape)")
    }
    let (rows, columns) = (x.shape[0], x.shape[1])
    try node.reserve(.int64, [rows, columns])
    let places = (0..<rows * columns).map { place in
      let (row, column) = (place / columns, place % columns)
      let (step, length) = time == 0 ? (row, lengths[column]) : (column, lengths[row])
      let source = step < length ? length - 1 - step : step
      return Int64(time == 0 ? source * columns + column : row * columns + source)
    }
    let flat = try node.step("flat", reshaping: x, to: [rows * columns] + x.shape.dropFirst(2))
    let turned = try node.add(step: "turned", Gather(axis: 0), [flat, node.constant("places", Tensor(places))])
    return try node.add(Reshape(shape: x.shape), [turned])
  }

  /// The last dimension of the indices names slices of x, behind `batch_dims` dimensions that both have.
  private static func gatherND(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "data")
    let indices = try node.input(1, "indices")
    let batch = try node.int("batch_dims", default: 0)
    let places = indices.shape.dropLast()
    guard let count = indices.shape.last, batch >= 0, batch <= places.count, batch + count <= x.shape.count, count > 0,
      indices.shape.prefix(batch) == x.shape.prefix(batch)
    else {
      throw Refusal(
        "indices with shape \(indices.shape) and batch_dims \(batch) do not fit data with shape \(x.shape)")
    }
    let named = Array(x.shape.prefix(batch + count))
    let strides = Layout.rowMajor.strides(of: named)
    var place = node.constant(
      "base",
      IndexSpace.places(
        Array(places), strides: Array(strides.prefix(batch)) + places.dropFirst(batch).map { _ in 0 }))
    for position in 0..<count {
      let axis = batch + position
      let which = node.constant("which_\(position)", Tensor(scalar: Int64(position)))
      let column = try node.add(step: "column_\(position)", Gather(axis: -1), [indices, which])
      let chosen = try node.places(column, extent: named[axis], stride: strides[axis], "index_\(position)")
      place = try node.step("places_\(position)", .add, chosen, place)
    }
    let slices = try node.step(
      "slices", reshaping: x, to: [named.reduce(1, *)] + x.shape.dropFirst(batch + count))
    return try node.add(Gather(axis: 0), [slices, place])
  }
}

/// Arithmetic of positions in tensors.
enum IndexSpace {
  /// The sum of index times stride over the dimensions, for every element of a shape.
  static func places(_ shape: [Int], strides: [Int]) -> Tensor {
    var places: [Int64] = [0]
    for (extent, stride) in zip(shape, strides) {
      places = places.flatMap { place in (0..<extent).map { place + Int64($0 * stride) } }
    }
    return Tensor(places, shape: shape)
  }
}

extension NodeImport {
  /// A constant of 0, 1, ... along one of `rank` dimensions.
  func range(_ name: String, _ count: Int, along axis: Int, rank: Int) throws(Refusal) -> Symbol {
    try reserve(.int64, [count])
    var shape = [Int](repeating: 1, count: rank)
    shape[axis] = count
    return constant(name, Tensor((0..<count).map(Int64.init), shape: shape))
  }

  /// Indices into a dimension, the negative ones counted from its end, times its stride. Known ones must be inside.
  func places(_ indices: Symbol, extent: Int, stride: Int, _ name: String) throws(Refusal) -> Symbol {
    if let bad = indices.constant?.integers()?.first(where: { $0 < -extent || $0 >= extent }) {
      throw Refusal("index \(bad) is outside a dimension of \(extent)")
    }
    let inside = try fromFront(indices, extent: extent, name)
    return stride == 1
      ? inside
      : try add(
        step: "\(name)_place", Binary(.mul), [inside, constant("\(name)_stride", Tensor(scalar: Int64(stride)))])
  }

  /// Indices into a dimension, the negative ones counted from its end, as int64.
  func fromFront(_ indices: Symbol, extent: Int, _ name: String) throws(Refusal) -> Symbol {
    var indices = indices
    if indices.element != .int64 { indices = try add(step: "\(name)_wide", Cast(to: .int64), [indices]) }
    let zero = constant("\(name)_zero", Tensor(scalar: Int64(0)))
    let isNegative = try add(step: "\(name)_is_negative", Compare(.less), [indices, zero])
    let wrapped = try add(
      step: "\(name)_wrapped", Binary(.add), [indices, constant("\(name)_extent", Tensor(scalar: Int64(extent)))])
    return try add(step: "\(name)_inside", Where(), [isNegative, wrapped, indices])
  }
}

extension Gather: ONNXWritable {}

import IR
import Math
import Operators
import Tensors

/// GridSample and AffineGrid.
enum GridSamples: ONNXFamily {
  static let limits = "over volumes not cubic, nor with padding_mode reflection; the size of AffineGrid is a constant"
  static let readers: [String: NodeReader] = ["AffineGrid": affineGrid, "GridSample": gridSample]

  /// Before opset 20 interpolations have the names of images'.
  private static func gridSample(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let mode: GridSample.Mode
    switch try node.string("mode", default: "linear") {
    case "bilinear": mode = .linear
    case "bicubic": mode = .cubic
    default: mode = try node.choice("mode", default: .linear)
    }
    let op = GridSample(
      mode: mode, padding: try node.choice("padding_mode", default: .zeros),
      alignsCorners: try node.bool("align_corners", default: false))
    let x = try node.input(0, "x")
    let grid = try node.input(1, "grid")
    guard x.shape.count != 5 else { return try volume(op, x, grid, node) }
    return try node.add(op, [x, grid])
  }

  /// Volumes [N, C, D, H, W] at places (x, y, z): each plane at (x, y), then between planes at z. How much a plane
  /// counts is 1 less its distance, or whether it is the nearest.
  private static func volume(
    _ op: GridSample, _ x: Symbol, _ grid: Symbol, _ node: NodeImport
  ) throws(Refusal) -> [Symbol] {
    guard op.mode != .cubic, op.padding != .reflection else {
      throw Refusal("mode \(op.mode.rawValue) with padding_mode \(op.padding.rawValue) over volumes is not supported")
    }
    guard grid.shape.count == 5, grid.shape[0] == x.shape[0], grid.shape[4] == 3 else {
      throw Refusal("grid has shape \(grid.shape), expected [\(x.shape[0]), depth, height, width, 3]")
    }
    let (n, channels, depth) = (x.shape[0], x.shape[1], x.shape[2])
    let size = Array(grid.shape[1...3])
    let count = size.reduce(1, *)
    let planes = try node.step("planes", reshaping: x, to: [n, channels * depth, x.shape[3], x.shape[4]])
    let flat = try node.add(step: "across", Slice(starts: [0], ends: [2], axes: [-1]), [grid])
    let places = try node.step("places", reshaping: flat, to: [n, size[0] * size[1], size[2], 2])
    let sampled = try node.add(step: "sampled", op, [planes, places])
    let values = try node.step("values", reshaping: sampled, to: [n, channels, depth, count])
    let deep = try node.add(step: "deep", Slice(starts: [2], ends: [3], axes: [-1]), [grid])
    let given = try node.step("depths", reshaping: deep, to: [n, 1, 1, count])
    // From -1...1 to planes, whose centres or edges are the ends.
    let factor = Float(op.alignsCorners ? depth - 1 : depth) / 2
    var place = try node.step("place", .add, try node.step("stretched", .mul, given, factor), Float(depth - 1) / 2)
    if op.padding == .border { place = try node.step("inside", .clip(lower: 0, upper: Float(depth - 1)), place) }
    try node.reserve(.float32, [depth])
    let numbers = node.constant("plane_numbers", Tensor((0..<depth).map(Float.init), shape: [1, 1, depth, 1]))
    let weights: Symbol
    if op.mode == .nearest {
      let isNearest = try node.add(
        step: "is_nearest", Compare(.equal), [try node.step("nearest", .round, place), numbers])
      weights = try node.add(step: "weights", Cast(to: .float32), [isNearest])
    } else {
      let distance = try node.step("distance", .abs, try node.step("difference", .sub, place, numbers))
      weights = try node.step(
        "weights", .relu, try node.step("nearness", .add, try node.step("away", .neg, distance), 1))
    }
    let weighted = try node.step("weighted", .mul, values, weights)
    let sum = try node.add(step: "sum", Reduce(.sum, axes: [2], keepsDimensions: false), [weighted])
    return try node.add(Reshape(shape: [n, channels] + size), [sum])
  }

  /// The grid of an affine transformation theta [N, 2, 3] of images, or [N, 3, 4] of volumes, of a size [N, C, ...].
  private static func affineGrid(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let theta = try node.input(0, "theta")
    let alignsCorners = try node.bool("align_corners", default: false)
    guard let size = try node.ints(input: 1, "size"), size.count == 4 || size.count == 5, Limits.count(size) != nil,
      theta.shape == [size[0], size.count - 2, size.count - 1]
    else {
      throw Refusal("theta with shape \(theta.shape) does not fit the size")
    }
    let extents = Array(size[2...])
    let strides = Layout.rowMajor.strides(of: extents)
    let count = extents.reduce(1, *)
    try node.reserve(.float32, [count, extents.count + 1])
    let numbers = (0..<count).flatMap { place -> [Float] in
      let coordinates = zip(extents, strides).map { extent, stride -> Float in
        let index = Float(place / stride % extent)
        guard alignsCorners else { return (2 * index + 1) / Float(extent) - 1 }
        return extent == 1 ? 0 : 2 * index / Float(extent - 1) - 1
      }
      return coordinates.reversed() + [1]
    }
    let base = node.constant("base", Tensor(numbers, shape: [count, extents.count + 1]))
    let turned = try node.step("turned", transposing: theta, by: [0, 2, 1])
    let grid = try node.add(step: "grid", MatMul(), [base, turned])
    return try node.add(Reshape(shape: [size[0]] + extents + [extents.count]), [grid])
  }
}

extension GridSample: ONNXWritable {
  var opset: Int { 20 }
}

import IR
import Operators
import Tensors

/// Resize, and Upsample before it. Height and width of images by nearest neighbours or linear interpolation are an
/// operator; all else goes axis by axis.
enum Resizes: ONNXFamily {
  static let limits = "sizes and scales are constants; all but nearest and linear over images as products with matrices"
  static let readers: [String: NodeReader] = ["Resize": resize, "Upsample": upsample]

  /// Before opset 11 a Resize has scales only and counts positions from the corner.
  private static func resize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard node.opset >= 11 else {
      guard let scales = try node.floats(input: 1, "scales") else { throw Refusal("input 1 (scales) is missing") }
      return try fromCorner(x, scales: scales, &node)
    }
    var scales = try node.floats(input: 2, "scales")
    var sizes = try node.ints(input: 3, "sizes")
    if scales?.isEmpty ?? false { scales = nil }
    if sizes?.isEmpty ?? false { sizes = nil }
    let axes = try node.ints("axes")
    try keepRatio(&sizes, of: x, axes, &node)
    let name = try node.string("coordinate_transformation_mode", default: "half_pixel")
    var region = name == "tf_crop_and_resize" ? try node.floats(input: 1, "roi") ?? [] : []
    if let axes {
      guard (scales?.count ?? axes.count) == axes.count, (sizes?.count ?? axes.count) == axes.count else {
        throw Refusal("axes \(axes) do not fit the scales or sizes")
      }
      var allScales = [Float](repeating: 1, count: x.shape.count)
      var allSizes = x.shape
      var whole = [Float](repeating: 0, count: x.shape.count) + [Float](repeating: 1, count: x.shape.count)
      for (index, given) in axes.enumerated() {
        let axis = try node.axis(given, rank: x.shape.count)
        if let scales { allScales[axis] = scales[index] }
        if let sizes { allSizes[axis] = sizes[index] }
        if region.count == 2 * axes.count {
          whole[axis] = region[index]
          whole[axis + x.shape.count] = region[index + axes.count]
        }
      }
      region = whole
      if scales != nil { scales = allScales }
      if sizes != nil { sizes = allSizes }
    }
    let target = try Target(x, scales: scales, sizes: sizes)
    let mode = try node.string("mode", default: "nearest")
    let isSmoothed = try node.bool("antialias", default: false) && mode != "nearest"
    let leavesOut = try node.bool("exclude_outside", default: false)
    node.ignore("cubic_coeff_a", "extrapolation_value")
    let rounding = try node.choice("nearest_mode", default: NearestRounding.preferFloor)
    // Linear interpolation that leaves out what is beyond the edges ends at the edges, as the operator does.
    let isPlain = ["nearest", "linear", "bilinear"].contains(mode) && !isSmoothed && name != "tf_crop_and_resize"
    if isPlain, target.changesImages(x) {
      let transformation: CoordinateTransformation =
        try node.choice("coordinate_transformation_mode", default: .halfPixel)
      return try resize(x, to: target, try Resizes.mode(&node), transformation, rounding, node)
    }
    return try axisByAxis(
      x, to: target, name, mode, region: region, isSmoothed: isSmoothed, leavesOut: leavesOut, &node)
  }

  /// What the operator has no form for, along one axis after the other.
  private static func axisByAxis(
    _ x: Symbol, to target: Target, _ name: String, _ mode: String, region: [Float], isSmoothed: Bool, leavesOut: Bool,
    _ node: inout NodeImport
  ) throws(Refusal) -> [Symbol] {
    let coefficient = try node.float("cubic_coeff_a", default: -0.75)
    let filler = try node.float("extrapolation_value", default: 0)
    let rounding = try node.choice("nearest_mode", default: NearestRounding.preferFloor)
    guard let coordinates = AxisCoordinates(name) else {
      throw Refusal("attribute coordinate_transformation_mode is \"\(printable(name))\", which is not known")
    }
    guard ["nearest", "linear", "cubic"].contains(mode) else {
      throw Refusal("attribute mode is \"\(printable(mode))\", expected nearest, linear or cubic")
    }
    guard x.type.count > 0, region.allSatisfy(\.isFinite) else {
      throw Refusal("x with shape \(x.shape) is empty, or the region \(region) is not one of numbers")
    }
    var y = x
    for axis in x.shape.indices {
      let scale = target.scales?[axis] ?? Float(target.sizes[axis]) / Float(x.shape[axis])
      guard scale == 0 || (0x1p-20...0x1p20).contains(scale) else {
        throw Refusal("dimension \(axis) is resized by \(scale), which is out of range")
      }
      try node.reserve(.float64, [target.sizes[axis]])
      let resampling = AxisWeights(
        coordinates, scale: Double(scale), input: x.shape[axis], output: target.sizes[axis],
        region: region.count == 2 * x.shape.count
          ? (Double(region[axis]), Double(region[axis + x.shape.count])) : (0, 1))
      guard !resampling.isIdentity else { continue }
      y =
        mode == "nearest"
        ? try gathered(y, axis, resampling, rounding, node)
        : try weighted(
          y, axis, resampling, cubic: mode == "cubic" ? Double(coefficient) : nil, isSmoothed: isSmoothed,
          leavesOut: leavesOut, node)
      y = try filled(y, axis, resampling, with: filler, node)
    }
    return try node.result(y)
  }

  /// With a policy, sizes bound those that keep the ratio of the sides.
  private static func keepRatio(
    _ sizes: inout [Int]?, of x: Symbol, _ axes: [Int]?, _ node: inout NodeImport
  ) throws(Refusal) {
    let policy = try node.string("keep_aspect_ratio_policy", default: "stretch")
    guard policy != "stretch", let given = sizes else { return }
    guard policy == "not_larger" || policy == "not_smaller" else {
      throw Refusal("attribute keep_aspect_ratio_policy is \"\(printable(policy))\", which is not known")
    }
    var extents: [Int] = []
    for axis in axes ?? Array(x.shape.indices) {
      extents.append(x.shape[try node.axis(axis, rank: x.shape.count)])
    }
    guard extents.count == given.count, extents.allSatisfy({ $0 > 0 }), given.allSatisfy((1...Limits.elements).contains)
    else {
      throw Refusal("sizes \(given) do not fit x with shape \(x.shape)")
    }
    let ratios = zip(given, extents).map { Float($0) / Float($1) }
    let scale = (policy == "not_larger" ? ratios.min() : ratios.max()) ?? 1
    sizes = extents.map { Int((Float($0) * scale + 0.5).rounded(.down)) }
  }

  /// Nearest neighbours along one axis.
  private static func gathered(
    _ x: Symbol, _ axis: Int, _ resampling: AxisWeights, _ rounding: NearestRounding, _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    try node.reserve(.int64, [resampling.output])
    let origins = node.constant("origins_\(axis)", Tensor(resampling.nearest(rounding)))
    return try node.add(step: "axis_\(axis)", Gather(axis: axis), [x, origins])
  }

  /// Sums of neighbours along one axis: a product with a matrix of their weights.
  private static func weighted(
    _ x: Symbol, _ axis: Int, _ resampling: AxisWeights, cubic: Double?, isSmoothed: Bool, leavesOut: Bool,
    _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    let last = x.shape.count - 1
    try node.reserve(.float32, [resampling.input, resampling.output])
    let weights = resampling.matrix(cubic: cubic, isSmoothed: isSmoothed, leavesOut: leavesOut)
    let matrix = node.constant(
      "weights_\(axis)", Tensor(weights, shape: [resampling.input, resampling.output]))
    var order = Array(x.shape.indices)
    order.swapAt(axis, last)
    let turned = try node.step("axis_\(axis)_turned", transposing: x, by: order)
    let product = try node.add(step: "axis_\(axis)", MatMul(), [turned, matrix])
    return try node.step("axis_\(axis)_restored", transposing: product, by: order)
  }

  /// A number where positions lie outside the input.
  private static func filled(
    _ x: Symbol, _ axis: Int, _ resampling: AxisWeights, with value: Float, _ node: NodeImport
  ) throws(Refusal) -> Symbol {
    let outside = resampling.isOutside
    guard outside.contains(true) else { return x }
    var shape = [Int](repeating: 1, count: x.shape.count)
    shape[axis] = outside.count
    let mask = node.constant("outside_\(axis)", Tensor(outside, shape: shape))
    return try node.add(step: "axis_\(axis)_filled", Where(), [mask, try node.scalar("filler", value, like: x), x])
  }

  /// Scales are an attribute before opset 9, an input since.
  private static func upsample(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let scales = try node.floats(input: 1, orAttribute: "scales") else {
      throw Refusal("input 1 (scales) is missing")
    }
    return try fromCorner(try node.input(0, "x"), scales: scales, &node)
  }

  private static func fromCorner(
    _ x: Symbol, scales: [Float], _ node: inout NodeImport
  ) throws(Refusal) -> [Symbol] {
    let target = try Target(x, scales: scales, sizes: nil)
    guard x.shape.count == 4 else { throw Refusal("x has shape \(x.shape), only images [N, C, H, W] are resized") }
    return try resize(x, to: target, try mode(&node), .asymmetric, .floor, node)
  }

  /// Old exporters call linear interpolation bilinear.
  private static func mode(_ node: inout NodeImport) throws(Refusal) -> Resize.Mode {
    try node.string("mode", default: "nearest") == "bilinear" ? .linear : try node.choice("mode", default: .nearest)
  }

  /// What all dimensions of x become, and by which scales where those were given.
  private struct Target {
    var sizes: [Int]
    var scales: [Float]?

    init(_ x: Symbol, scales: [Float]?, sizes: [Int]?) throws(Refusal) {
      let rank = x.shape.count
      guard (scales?.count ?? rank) == rank, (sizes?.count ?? rank) == rank, scales != nil || sizes != nil,
        Limits.count(sizes ?? []) != nil
      else {
        throw Refusal("scales and sizes do not fit x with shape \(x.shape)")
      }
      self.sizes = sizes ?? []
      guard let scales, sizes == nil else { return }
      self.scales = scales
      for (factor, extent) in zip(scales, x.shape) {
        let size = (Float(extent) * factor).rounded(.down)
        guard factor > 0, size >= 0, size < 0x1p20 else { throw Refusal("scales \(scales) are out of range") }
        self.sizes.append(Int(size))
      }
    }

    /// Whether only height and width of images become others.
    func changesImages(_ x: Symbol) -> Bool {
      guard x.shape.count == 4, sizes[0] == x.shape[0] else { return false }
      return sizes[1] == x.shape[1] || sizes[3] == x.shape[3]
    }
  }

  private static func resize(
    _ x: Symbol, to target: Target, _ mode: Resize.Mode, _ transformation: CoordinateTransformation,
    _ rounding: NearestRounding, _ node: NodeImport
  ) throws(Refusal) -> [Symbol] {
    /// Height and width are the dimensions `axes`.
    func op(_ axes: [Int]) -> Resize {
      Resize(
        sizes: target.scales == nil ? axes.map { target.sizes[$0] } : nil,
        scales: target.scales.map { scales in axes.map { scales[$0] } }, mode: mode, transformation: transformation,
        rounding: rounding)
    }
    if target.sizes[0] == x.shape[0], target.sizes[1] == x.shape[1] { return try node.add(op([2, 3]), [x]) }
    guard target.sizes[0] == x.shape[0], target.sizes[3] == x.shape[3] else {
      throw Refusal("resizes \(x.shape) to \(target.sizes), only height and width can change")
    }
    // Channels come last: the same between two transpositions.
    let inner = try node.add(step: "to_nchw", Transpose(perm: [0, 3, 1, 2]), [x])
    let resized = try node.add(step: "resized", op([1, 2]), [inner])
    return try node.add(Transpose(perm: [0, 2, 3, 1]), [resized])
  }
}

extension Resize: ONNXWritable {
  /// Since 18 sizes can be those of height and width alone.
  var opset: Int { scales == nil ? 18 : ONNXWriter.baseOpset }

  /// ONNX takes scales or sizes; scales fix the sizes.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    var attributes: [String: Attribute] = ["mode": .string(mode.rawValue)]
    if transformation != .halfPixel { attributes["coordinate_transformation_mode"] = .string(transformation.rawValue) }
    if rounding != .preferFloor { attributes["nearest_mode"] = .string(rounding.rawValue) }
    var inputs = [emission.name(node.inputs[0]), ""]
    if let scales {
      let input = node.inputs[0].map { emission.graph.type(of: $0).shape.dropFirst(2) } ?? []
      let implied = zip(input, scales).map { Int((Float($0) * $1).rounded(.down)) }
      guard sizes == nil || sizes == implied else {
        throw Refusal("its sizes \(sizes ?? []) are not those its scales \(scales) give")
      }
      inputs.append(emission.constant(node, "scales", Tensor([1, 1] + scales)))
    } else {
      inputs += ["", emission.constant(node, "sizes", ints: sizes ?? [])]
      attributes["axes"] = .ints([2, 3])
    }
    emission.add("Resize", for: node, inputs: inputs, attributes)
  }
}

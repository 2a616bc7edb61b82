import IR
import Operators
import Tensors

/// Resize, and Upsample before it.
enum Resizes: ONNXFamily {
  static let readers: [String: NodeReader] = ["Resize": resize, "Upsample": upsample]

  /// Before opset 11 a Resize has scales only and counts positions from the corner.
  private static func resize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard node.opset >= 11 else {
      guard let scales = try node.floats(input: 1, "scales") else { throw Refusal("input 1 (scales) is missing") }
      return try fromCorner(x, scales: scales, &node)
    }
    node.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value")
    try node.expect("antialias", 0)
    try node.expect("keep_aspect_ratio_policy", "stretch")
    guard try node.string("coordinate_transformation_mode", default: "") != "tf_crop_and_resize" else {
      throw Refusal("attribute coordinate_transformation_mode is \"tf_crop_and_resize\", which is not supported")
    }
    var scales = try node.floats(input: 2, "scales")
    var sizes = try node.ints(input: 3, "sizes")
    if scales?.isEmpty ?? false { scales = nil }
    if sizes?.isEmpty ?? false { sizes = nil }
    if let axes = try node.ints("axes") {
      guard (scales?.count ?? axes.count) == axes.count, (sizes?.count ?? axes.count) == axes.count else {
        throw Refusal("axes \(axes) do not fit the scales or sizes")
      }
      var allScales = [Float](repeating: 1, count: x.shape.count)
      var allSizes = x.shape
      for (index, given) in axes.enumerated() {
        let axis = try node.axis(given, rank: x.shape.count)
        if let scales { allScales[axis] = scales[index] }
        if let sizes { allSizes[axis] = sizes[index] }
      }
      if scales != nil { scales = allScales }
      if sizes != nil { sizes = allSizes }
    }
    let target = try Target(x, scales: scales, sizes: sizes)
    let mode = try mode(&node)
    let transformation = try node.choice("coordinate_transformation_mode", default: CoordinateTransformation.halfPixel)
    let rounding = try node.choice("nearest_mode", default: NearestRounding.preferFloor)
    return try resize(x, to: target, mode, transformation, rounding, node)
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
      guard x.shape.count == 4 else {
        throw Refusal("x has shape \(x.shape), only images [N, C, H, W] are resized")
      }
      guard (scales?.count ?? 4) == 4, (sizes?.count ?? 4) == 4, scales != nil || sizes != nil else {
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

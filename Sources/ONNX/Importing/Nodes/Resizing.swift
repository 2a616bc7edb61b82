import IR
import Tensors

extension NodeImport {
  /// Before opset 11 a Resize has scales only and counts positions from the corner.
  mutating func resize() throws(Failure) -> [Symbol] {
    let x = try input(0, "x")
    let mode = try string("mode", default: "nearest")
    guard opset >= 11 else {
      guard let scales = try floats(input: 1, "scales") else { throw Failure("input 1 (scales) is missing") }
      return try resize(x, mode: mode, coordinates: "asymmetric", nearest: "floor", scales: scales, sizes: nil)
    }
    ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value")
    try expect("antialias", 0)
    try expect("keep_aspect_ratio_policy", "stretch")
    let coordinates = try string("coordinate_transformation_mode", default: "half_pixel")
    let nearest = try string("nearest_mode", default: "round_prefer_floor")
    guard coordinates != "tf_crop_and_resize" else {
      throw Failure("attribute coordinate_transformation_mode is \"tf_crop_and_resize\", which is not supported")
    }
    var scales = try floats(input: 2, "scales")
    var sizes = try ints(input: 3, "sizes")
    if scales?.isEmpty ?? false { scales = nil }
    if sizes?.isEmpty ?? false { sizes = nil }
    if let axes = try ints("axes") {
      guard (scales?.count ?? axes.count) == axes.count, (sizes?.count ?? axes.count) == axes.count else {
        throw Failure("axes \(axes) do not fit the scales or sizes")
      }
      var allScales = [Float](repeating: 1, count: x.shape.count)
      var allSizes = x.shape
      for (index, given) in axes.enumerated() {
        let axis = try self.axis(given, rank: x.shape.count)
        if let scales { allScales[axis] = scales[index] }
        if let sizes { allSizes[axis] = sizes[index] }
      }
      if scales != nil { scales = allScales }
      if sizes != nil { sizes = allSizes }
    }
    return try resize(x, mode: mode, coordinates: coordinates, nearest: nearest, scales: scales, sizes: sizes)
  }

  /// Scales are an attribute before opset 9, an input since.
  mutating func upsample() throws(Failure) -> [Symbol] {
    guard let scales = try floats(input: 1, orAttribute: "scales") else { throw Failure("input 1 (scales) is missing") }
    return try resize(
      try input(0, "x"), mode: try string("mode", default: "nearest"), coordinates: "asymmetric", nearest: "floor",
      scales: scales, sizes: nil)
  }

  private func resize(
    _ x: Symbol, mode: String, coordinates: String, nearest: String, scales: [Float]?, sizes: [Int]?
  ) throws(Failure) -> [Symbol] {
    guard x.shape.count == 4 else { throw Failure("x has shape \(x.shape), only images [N, C, H, W] are resized") }
    guard (scales?.count ?? 4) == 4, (sizes?.count ?? 4) == 4, scales != nil || sizes != nil else {
      throw Failure("scales and sizes do not fit x with shape \(x.shape)")
    }
    var target = sizes ?? []
    if let scales, sizes == nil {
      for (factor, extent) in zip(scales, x.shape) {
        let size = (Float(extent) * factor).rounded(.down)
        guard factor > 0, size >= 0, size < 0x1p20 else { throw Failure("scales \(scales) are out of range") }
        target.append(Int(size))
      }
    }
    func attributes(_ axes: [Int]) -> [String: Attribute] {
      var attributes: [String: Attribute] = [
        "mode": .string(mode == "bilinear" ? "linear" : mode), "coordinate_transformation_mode": .string(coordinates),
        "nearest_mode": .string(nearest),
      ]
      if let scales, sizes == nil {
        attributes["scales"] = .floats(axes.map { scales[$0] })
      } else {
        attributes["sizes"] = .ints(axes.map { target[$0] })
      }
      return attributes
    }
    if target[0] == x.shape[0], target[1] == x.shape[1] { return try add("Resize", attributes([2, 3]), [x]) }
    guard target[0] == x.shape[0], target[3] == x.shape[3] else {
      throw Failure("resizes \(x.shape) to \(target), only height and width can change")
    }
    // Channels come last: the same between two transpositions.
    let inner = try add(step: "to_nchw", "Transpose", ["perm": .ints([0, 3, 1, 2])], [x])
    let resized = try add(step: "resized", "Resize", attributes([1, 2]), [inner])
    return try add("Transpose", ["perm": .ints([0, 2, 3, 1])], [resized])
  }
}

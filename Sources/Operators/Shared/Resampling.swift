/// Where the positions of a resized axis lie on the input's.
package enum CoordinateTransformation: String, Sendable, CaseIterable {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case alignCorners = "align_corners"
  case asymmetric
  case tfHalfPixelForNearest = "tf_half_pixel_for_nn"

  /// The coordinate on the input of position `x` of the output, in float32 as ONNX Runtime computes it: nearest
  /// neighbours depend on how ties fall.
  package func source(_ x: Int, scale: Float, input: Int, output: Int) -> Float {
    let x = Float(x)
    switch self {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      let adjustment = Float(output) / (scale * Float(input))
      let offset = Float(input) / 2 * (1 - adjustment)
      return offset + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return output > 1 ? (x + 0.5) / scale - 0.5 : 0
    case .alignCorners: return output > 1 ? x * Float(input - 1) / Float(output - 1) : 0
    case .asymmetric: return x / scale
    case .tfHalfPixelForNearest: return (x + 0.5) / scale
    }
  }
}

/// How a coordinate becomes the index of its nearest neighbour.
package enum NearestRounding: String, Sendable, CaseIterable {
  case preferFloor = "round_prefer_floor"
  case preferCeil = "round_prefer_ceil"
  case floor, ceil

  package func index(_ coordinate: Float) -> Float {
    switch self {
    case .preferFloor: (coordinate - 0.5).rounded(.up)
    case .preferCeil: (coordinate + 0.5).rounded(.down)
    case .floor: coordinate.rounded(.down)
    case .ceil: coordinate.rounded(.up)
    }
  }
}

/// The neighbours of every position of one resized axis and the weight of the second.
package struct AxisResampling: Sendable {
  package let first: [Int]
  package let second: [Int]
  package let weight: [Float]

  /// Nearest neighbours: both are the same.
  package init(
    nearest rounding: NearestRounding, _ transformation: CoordinateTransformation, scale: Float, input: Int,
    output: Int
  ) {
    let last = Float(input - 1)
    first = (0..<output).map { position in
      let source = transformation.source(position, scale: scale, input: input, output: output)
      return Int(max(0, min(last, rounding.index(source))))
    }
    second = first
    weight = [Float](repeating: 0, count: output)
  }

  /// The neighbours on either side, at the edges the edge itself.
  package init(linear transformation: CoordinateTransformation, scale: Float, input: Int, output: Int) {
    let last = Float(input - 1)
    var first: [Int] = []
    var second: [Int] = []
    var weight: [Float] = []
    for position in 0..<output {
      let source = transformation.source(position, scale: scale, input: input, output: output)
      let inside = max(0, min(last, source))
      let index = Int(inside)
      first.append(index)
      second.append(min(index + 1, input - 1))
      weight.append(inside - Float(index))
    }
    self.first = first
    self.second = second
    self.weight = weight
  }
}

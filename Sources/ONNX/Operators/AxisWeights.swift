import Operators

/// Where positions of a resized axis lie on the input, as ONNX names it.
struct AxisCoordinates {
  private let transformation: CoordinateTransformation?

  /// nil for a name that is not known; `tf_crop_and_resize` alone looks at a region.
  init?(_ name: String) {
    transformation = CoordinateTransformation(rawValue: name)
    if transformation == nil, name != "tf_crop_and_resize" { return nil }
  }

  fileprivate var looksAtRegion: Bool { transformation == nil }

  fileprivate func source(
    _ position: Int, scale: Double, input: Int, output: Int, region: (start: Double, end: Double)
  ) -> Double {
    if let transformation {
      return Double(transformation.source(position, scale: Float(scale), input: input, output: output))
    }
    let last = Double(input - 1)
    guard output > 1 else { return (region.start + region.end) / 2 * last }
    return region.start * last + Double(position) * (region.end - region.start) * last / Double(output - 1)
  }
}

/// What each position of a resized axis is made of.
struct AxisWeights {
  let input: Int
  let output: Int
  private let scale: Double
  private let sources: [Double]
  private let looksAtRegion: Bool

  init(_ coordinates: AxisCoordinates, scale: Double, input: Int, output: Int, region: (Double, Double)) {
    self.input = input
    self.output = output
    self.scale = scale
    looksAtRegion = coordinates.looksAtRegion
    sources = (0..<output).map {
      coordinates.source($0, scale: scale, input: input, output: output, region: region)
    }
  }

  /// Whether every position is that of the input.
  var isIdentity: Bool {
    input == output && scale == 1 && sources.enumerated().allSatisfy { $0.element == Double($0.offset) }
  }

  /// Which positions get the extrapolation value.
  var isOutside: [Bool] { sources.map { looksAtRegion && ($0 < 0 || $0 > Double(input - 1)) } }

  private func inside(_ index: Int) -> Int { max(0, min(input - 1, index)) }

  func nearest(_ rounding: NearestRounding) -> [Int64] {
    sources.map { source in
      let bounded = max(-1, min(Double(input), source))
      return Int64(inside(Int(rounding.index(Float(bounded)))))
    }
  }

  /// The matrix [input, output] of weights, row by row.
  ///
  /// - Parameters:
  ///   - cubic: the coefficient of cubic interpolation (Keys 1981), nil for linear
  ///   - isSmoothed: whether neighbours further away count where the axis becomes shorter
  ///   - leavesOut: whether positions beyond the edges have no weight; else the edges stand for them
  func matrix(cubic: Double?, isSmoothed: Bool, leavesOut: Bool) -> [Float] {
    let stretch = isSmoothed ? min(scale, 1) : 1
    let reach = (cubic == nil ? 1 : 2) / stretch
    var matrix = [Double](repeating: 0, count: input * output)
    for (position, source) in sources.enumerated() {
      // A coordinate may lie far outside: nothing beyond the edges is another neighbour.
      let source = max(-reach - 1, min(Double(input) + reach, source))
      let first = Int((source - reach).rounded(.down))
      let last = Int((source + reach).rounded(.up))
      let neighbours = (first...last).filter { !leavesOut || $0 == inside($0) }
      let weights = neighbours.map { AxisWeights.weight((Double($0) - source) * stretch, cubic) }
      let sum = weights.reduce(0, +)
      for (neighbour, weight) in zip(neighbours, weights) where sum != 0 {
        matrix[inside(neighbour) * output + position] += weight / sum
      }
    }
    return matrix.map(Float.init)
  }

  /// The weight of a neighbour at a distance.
  private static func weight(_ distance: Double, _ cubic: Double?) -> Double {
    let x = abs(distance)
    guard let a = cubic else { return max(0, 1 - x) }
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

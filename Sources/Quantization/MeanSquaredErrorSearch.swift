/// Finds the range with the least sum of squared quantization errors over a histogram.
///
/// Alternates between the two ends: each is moved over a grid of fractions of its extreme while the other stays, the grid
/// refined around the best once.
struct MeanSquaredErrorSearch {
  private var values: [Float] = []
  private var weights: [Float] = []

  init(_ histogram: Histogram) {
    for bin in 0..<Histogram.bins where histogram.counts[bin] > 0 {
      values.append(Float(histogram.center(ofBin: bin)))
      weights.append(Float(Double(histogram.counts[bin]) / Double(histogram.total)))
    }
  }

  func range(within full: (low: Double, high: Double)) -> (low: Double, high: Double) {
    var low = full.low
    var high = full.high
    guard high > low else { return full }
    for _ in 0..<2 {
      high = best(full.high) { error(low: low, high: $0) }
      low = best(full.low) { error(low: $0, high: high) }
    }
    return (low, high)
  }

  /// The fraction of an extreme with the least error: 24 steps down to 0.04, then 8 between the best one's neighbours.
  private func best(_ extreme: Double, _ error: (Double) -> Float) -> Double {
    guard extreme != 0 else { return 0 }
    var best = (fraction: 1.0, error: error(extreme))
    func attempt(_ fraction: Double) {
      let candidate = error(extreme * fraction)
      if candidate < best.error { best = (fraction, candidate) }
    }
    for step in 1..<25 { attempt(1 - Double(step) * 0.04) }
    let center = best.fraction
    for step in -4...4 where step != 0 && center + Double(step) * 0.008 <= 1 { attempt(center + Double(step) * 0.008) }
    return extreme * best.fraction
  }

  private func error(low: Double, high: Double) -> Float {
    guard high > low else { return .infinity }
    let scale = Float((high - low) / 255)
    let inverse = 1 / scale
    let zeroPoint = Float((-128 - low / ((high - low) / 255)).rounded(.toNearestOrEven))
    return values.withUnsafeBufferPointer { values in
      weights.withUnsafeBufferPointer { weights in
        var sums = SIMD16<Float>(repeating: 0)
        let whole = values.count / 16 * 16
        var index = 0
        while index < whole {
          let x = UnsafeRawPointer(values.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: SIMD16<Float>.self)
          let w = UnsafeRawPointer(weights.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: SIMD16<Float>.self)
          let q = (x * inverse).rounded(.toNearestOrEven) + zeroPoint
          let clamped = q.clamped(lowerBound: .init(repeating: -128), upperBound: .init(repeating: 127))
          let difference = x - (clamped - zeroPoint) * scale
          sums += w * difference * difference
          index += 16
        }
        var sum = sums.sum()
        while index < values.count {
          let q = (values[index] * inverse).rounded(.toNearestOrEven) + zeroPoint
          let difference = values[index] - (max(-128, min(127, q)) - zeroPoint) * scale
          sum += weights[index] * difference * difference
          index += 1
        }
        return sum
      }
    }
  }
}

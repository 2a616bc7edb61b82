import Platform

/// Finds the range with the least sum of squared quantization errors, each relative to the scale of its image.
///
/// Alternates between the two ends: each is moved over a grid of fractions of its extreme, spaced evenly in the
/// logarithm, while the other stays; the grid is refined around the best once.
struct MeanSquaredErrorSearch {
  private var values: [Float] = []
  private var weights: [Float] = []

  init(_ histograms: ScaledHistograms) {
    let combined = histograms.combined
    // Bins of all scales are brought onto the widest grid: errors below its width do not matter for the choice.
    var sums = [Double](repeating: 0, count: Histogram.bins)
    for (exponent, histogram) in histograms.byExponent.sorted(by: { $0.key < $1.key }) {
      let weight = Double(sign: .plus, exponent: -2 * exponent, significand: 1)
      for bin in 0..<Histogram.bins where histogram.counts[bin] > 0 {
        let index = Int((histogram.center(ofBin: bin) / combined.width).rounded(.down)) - combined.base
        sums[max(0, min(Histogram.bins - 1, index))] += Double(histogram.counts[bin]) * weight
      }
    }
    let total = sums.reduce(0, +)
    for bin in 0..<Histogram.bins where sums[bin] > 0 {
      values.append(Float(combined.center(ofBin: bin)))
      weights.append(Float(sums[bin] / total))
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

  /// The fraction of an extreme with the least error: eighth powers of 1/2 down to 1/32, then four steps to either side
  /// of the best.
  private func best(_ extreme: Double, _ error: (Double) -> Float) -> Double {
    guard extreme != 0 else { return 0 }
    var best = (step: 0.0, error: error(extreme))
    func attempt(_ step: Double) {
      let candidate = error(extreme * MeanSquaredErrorSearch.fraction(step))
      if candidate < best.error { best = (step, candidate) }
    }
    for step in 1...40 { attempt(Double(step)) }
    let center = best.step
    for step in -4...4 where step != 0 && center + Double(step) / 5 > 0 { attempt(center + Double(step) / 5) }
    return extreme * MeanSquaredErrorSearch.fraction(best.step)
  }

  private static func fraction(_ step: Double) -> Double { Platform.exp2(-step / 8) }

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

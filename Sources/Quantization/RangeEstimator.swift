package import Math
package import Tensors

/// How an activation's quantization range is chosen from the values calibration has seen.
package enum RangeEstimator: String, Sendable, CaseIterable {
  /// The whole range seen.
  case minMax = "minmax"
  /// Cuts a fraction of the values at each end: 99.99 % stay.
  case percentile
  /// The range whose 8-bit grid has the least mean squared error, relative to the scale of each image.
  case mse
  /// The least mean of |error|^3, likewise: values that are clipped weigh more against the rounding of all others.
  /// Errors in what a table is computed of are those they make in its result. Inputs keep the whole range.
  case l3
  /// The same with |error|^4.
  case l4

  /// How the range of the model's inputs is chosen. Pixels are bounded, and many lie at either bound: clipping them
  /// errs in whole areas.
  var ofInputs: RangeEstimator { self == .l3 || self == .l4 ? .minMax : self }

  /// The range for what was seen of a value; contains 0.
  ///
  /// - Parameter function: what a table computes of the value, where that is all that becomes of it
  package func range(
    of histograms: ScaledHistograms, through function: UnaryFunction? = nil
  ) -> (low: Double, high: Double) {
    let histogram = histograms.combined
    guard histogram.total > 0 else { return (0, 0) }
    let full = (low: min(0, Double(histogram.minimum)), high: max(0, Double(histogram.maximum)))
    switch self {
    case .minMax: return full
    case .percentile: return percentile(histogram, full)
    case .mse: return LeastErrorSearch(histograms, power: 2, through: nil).range(within: full)
    case .l3: return LeastErrorSearch(histograms, power: 3, through: function).range(within: full)
    case .l4: return LeastErrorSearch(histograms, power: 4, through: function).range(within: full)
    }
  }

  private func percentile(_ histogram: Histogram, _ full: (low: Double, high: Double)) -> (low: Double, high: Double) {
    let allowed = UInt64((Double(histogram.total) * 0.0001).rounded(.down))
    var low = full.low
    var high = full.high
    var cut: UInt64 = 0
    for bin in 0..<Histogram.bins {
      cut += histogram.counts[bin]
      if cut > allowed {
        low = max(full.low, histogram.center(ofBin: bin) - histogram.width / 2)
        break
      }
    }
    cut = 0
    for bin in (0..<Histogram.bins).reversed() {
      cut += histogram.counts[bin]
      if cut > allowed {
        high = min(full.high, histogram.center(ofBin: bin) + histogram.width / 2)
        break
      }
    }
    return (min(0, low), max(0, high))
  }
}

extension Quantization {
  /// The asymmetric int8 quantization of a range, which is widened to contain 0: s = (high - low) / 255, z = rne(-128 -
  /// low / s).
  package init(low: Double, high: Double) {
    let low = min(0, low)
    let high = max(0, high)
    // A tensor that is always zero still needs a scale; so does one whose scale would be subnormal in float32.
    let scale = max((high - low) / 255, Double(Float.leastNormalMagnitude) * 4)
    let zeroPoint = (-128 - low / scale).rounded(.toNearestOrEven)
    self.init(scale: Float(high > low ? scale : 1.0 / 255), zeroPoint: Int(max(-128, min(127, zeroPoint))))
  }

  /// The symmetric int8 quantization of numbers up to a magnitude, as weights have it: s = magnitude / 127, z = 0.
  package init(magnitude: Double) {
    let scale = max(magnitude / 127, Double(Float.leastNormalMagnitude) * 4)
    self.init(scale: Float(magnitude > 0 ? scale : 1.0 / 255), zeroPoint: 0)
  }
}

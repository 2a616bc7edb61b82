import Quantization
import Tensors
import Testing

/// Deterministic numbers for tests.
private func samples(_ count: Int, scale: Float, seed: UInt64) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (Float(state >> 40) / Float(1 << 24) - 0.3) * scale
  }
}

private func histogram(_ parts: [[Float]]) -> Histogram {
  var result = Histogram()
  let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: Histogram.bins)
  defer { scratch.deallocate() }
  for part in parts { part.withUnsafeBufferPointer { result.add($0, scratch: scratch) } }
  return result
}

@Suite struct HistogramTests {
  @Test func countsEveryFiniteValue() {
    let h = histogram([[1, 2, 3, .nan, .infinity, -4]])
    #expect(h.total == 4)
    #expect(h.notFinite == 2)
    #expect(h.minimum == -4)
    #expect(h.maximum == 3)
    #expect(h.counts.reduce(0, +) == 4)
  }

  /// Calibration is byte-reproducible because of this: neither order nor the split over threads changes a count.
  @Test func dependsOnTheValuesAlone() {
    let parts = [
      samples(1000, scale: 0.01, seed: 1), samples(1000, scale: 5, seed: 2),
      samples(1000, scale: 300, seed: 3),
    ]
    let forward = histogram(parts)
    let backward = histogram(parts.reversed())
    #expect(forward.exponent == backward.exponent)
    #expect(forward.base == backward.base)
    #expect(forward.counts == backward.counts)
    var merged = histogram([parts[2]])
    merged.merge(histogram([parts[0]]))
    merged.merge(histogram([parts[1]]))
    #expect(merged.counts == forward.counts)
    #expect(merged.exponent == forward.exponent)
  }

  @Test func usesAtLeastAQuarterOfItsBins() {
    for scale in [Float(1e-6), 0.37, 1, 1000, 3e7] {
      let h = histogram([samples(5000, scale: scale, seed: 9)])
      let span = Double(h.maximum - h.minimum) / h.width
      #expect(
        span <= Double(Histogram.bins) && span >= Double(Histogram.bins) / 4, "\(scale): \(span)")
    }
  }

  @Test func mergingNothingChangesNothing() {
    var h = histogram([[0.5, 1]])
    let before = h.counts
    h.merge(Histogram())
    #expect(h.counts == before)
    var empty = Histogram()
    empty.merge(h)
    #expect(empty.counts == before)
  }
}

private func scaled(_ parts: [[Float]]) -> ScaledHistograms {
  var result = ScaledHistograms()
  let scratch = UnsafeMutablePointer<UInt32>.allocate(capacity: Histogram.bins)
  defer { scratch.deallocate() }
  for part in parts { part.withUnsafeBufferPointer { result.add($0, scratch: scratch) } }
  return result
}

@Suite struct RangeEstimatorTests {
  @Test func minMaxIsTheWholeRangeAndContainsZero() {
    let h = scaled([[2, 3, 7]])
    let range = RangeEstimator.minMax.range(of: h)
    #expect(range.low == 0 && range.high == 7)
  }

  /// One far outlier among many values: percentiles leave it out, min-max cannot.
  @Test func percentilesCutOutliers() {
    let h = scaled([samples(100_000, scale: 1, seed: 4) + [100]])
    let range = RangeEstimator.percentile.range(of: h)
    #expect(range.high < 1)
    #expect(RangeEstimator.minMax.range(of: h).high == 100)
  }

  /// Clipping at t costs (100 - t)^2 / n, the grid t^2 / (12 * 255^2): their sum is least at t = 100 n' / (n + n') with n' = 12 * 255^2.
  @Test func meanSquaredErrorWeighsClippingAgainstResolution() {
    let n = 400_000.0
    let range = RangeEstimator.mse.range(of: scaled([samples(Int(n), scale: 1, seed: 4) + [100]]))
    let grid = 12.0 * 255 * 255
    #expect(abs(range.high - 100 * grid / (n + grid)) < 5, "\(range)")
  }

  /// For a uniform distribution the best 8-bit grid is the full range.
  @Test func meanSquaredErrorKeepsUniformRanges() {
    let h = scaled([samples(50_000, scale: 10, seed: 5)])
    let range = RangeEstimator.mse.range(of: h)
    #expect(abs(range.high - 7) < 0.2)
    #expect(abs(range.low + 3) < 0.2)
  }

  /// One image in four hundred that drives the values thirty times as far must not take the resolution from all others.
  @Test func imagesFarOutsideTheOthersDoNotDecide() {
    let usual = (0..<400).map { samples(500, scale: 1, seed: UInt64($0)) }
    let range = RangeEstimator.mse.range(of: scaled(usual + [samples(500, scale: 30, seed: 999)]))
    #expect(range.high < 21 / 2, "\(range)")
  }

  @Test func allZeroTensorsHaveAUsableQuantization() {
    let range = RangeEstimator.mse.range(of: scaled([[0, 0, 0]]))
    let quantization = Quantization(low: range.low, high: range.high)
    #expect(quantization.scale > 0 && quantization.quantize(0) == quantization.zeroPoint)
  }
}

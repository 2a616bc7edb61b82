import Math
import Quantization
import Tensors
import Testing

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

  /// Clipping at t costs (100 - t)^2 / n, the grid t^2 / (12 * 255^2): their sum is least at t = 100 n' / (n + n') with
  /// n' = 12 * 255^2.
  @Test func meanSquaredErrorWeighsClippingAgainstResolution() {
    let n = 400_000.0
    let range = RangeEstimator.mse.range(of: scaled([samples(Int(n), scale: 1, seed: 4) + [100]]))
    let grid = 12.0 * 255 * 255
    #expect(abs(range.high - 100 * grid / (n + grid)) < 5, "\(range)")
  }

  /// The same with higher powers p: clipping at t costs (100 - t)^p / n, the grid (t / 255)^p / ((p + 1) 2^p).
  @Test(arguments: [(RangeEstimator.l3, 3.0), (.l4, 4)])
  func higherPowersClipLess(estimator: RangeEstimator, power: Double) {
    let n = 400_000
    let range = estimator.range(of: scaled([samples(n, scale: 1, seed: 4) + [100]]))
    func error(_ t: Double) -> Double {
      UnaryFunction.power(100 - t, power) / Double(n)
        + UnaryFunction.power(t / 510, power) / (power + 1)
    }
    let best = (1...1000).map { Double($0) / 10 }.min { error($0) < error($1) }
    #expect(abs(range.high - (best ?? 0)) < 3, "\(range), best \(best ?? 0)")
  }

  /// What a swish makes of numbers far below zero is nearly zero: they need no place on the grid. No range on a grid
  /// over both extremes does notably better in what a table of it gives.
  @Test(arguments: [(RangeEstimator.l3, 3.0), (.l4, 4)])
  func errorsCountWhereATableGivesThem(estimator: RangeEstimator, power: Double) {
    let values = samples(20_000, scale: 20, seed: 3).map { $0 - 8 }
    let h = scaled([values])
    let range = estimator.range(of: h, through: .silu)
    let full = RangeEstimator.minMax.range(of: h)
    #expect(full.low < -13 && range.low > -9 && range.low < -3)
    #expect(estimator.range(of: h).low < -12)
    #expect(RangeEstimator.mse.range(of: h, through: .silu) == RangeEstimator.mse.range(of: h))
    func error(_ low: Double, _ high: Double) -> Double {
      let quantization = Quantization(low: low, high: high)
      return values.reduce(0) { sum, x in
        let y = UnaryFunction.silu(quantization.real(quantization.quantize(Double(x))))
        return sum + UnaryFunction.power(abs(y - UnaryFunction.silu(Double(x))), power)
      }
    }
    let found = error(range.low, range.high)
    for low in 1...16 {
      for high in 1...16 {
        let other = error(full.low * Double(low) / 16, full.high * Double(high) / 16)
        #expect(found <= other * 1.1, "\(range) has \(found), \(low) and \(high) sixteenths \(other)")
      }
    }
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

  // MARK: Against the samples themselves

  private static let distributions: [(name: String, values: [Float])] = {
    /// Numbers that are nearly normal: sums of twelve even ones.
    func bell(_ count: Int, seed: UInt64) -> [Float] {
      let even = samples(12 * count, scale: 1, seed: seed)
      return (0..<count).map { index in even[12 * index..<12 * index + 12].reduce(0) { $0 + $1 - 0.2 } }
    }
    let normal = bell(20_000, seed: 8)
    return [
      ("even", samples(20_000, scale: 3, seed: 6)),
      ("normal", normal),
      ("rectified", normal.map { max(0, $0) }),
      ("far tails", normal.map { $0 * $0 * $0 }),
      ("one side", samples(20_000, scale: 1, seed: 7).map { ($0 + 0.31) * ($0 + 0.31) * 40 }),
      ("off zero", normal.map { $0 / 10 + 5 }),
    ]
  }()

  /// The percentile's ends are the borders of the bins that hold the value with 0.01 % beyond it, found by sorting.
  @Test(arguments: distributions.indices) func percentilesAreThoseOfTheSortedSamples(index: Int) {
    let values = Self.distributions[index].values
    let h = scaled([values])
    let range = RangeEstimator.percentile.range(of: h)
    let width = h.combined.width
    let sorted = values.sorted().map(Double.init)
    let cut = sorted.count / 10_000
    #expect(cut == 2)
    let low = max(sorted[0], (sorted[cut] / width).rounded(.down) * width)
    let high = min(sorted[sorted.count - 1], ((sorted[sorted.count - 1 - cut] / width).rounded(.down) + 1) * width)
    #expect(range.low == min(0, low) && range.high == max(0, high))
  }

  /// The squared error of the 8-bit grid over samples, each image's relative to the power of two of its largest number.
  private func error(_ images: [[Float]], _ low: Double, _ high: Double) -> Double {
    let quantization = Quantization(low: low, high: high)
    return images.reduce(0.0) { sum, image in
      let largest = image.reduce(Float(0)) { max($0, abs($1)) }
      let weight = Double(sign: .plus, exponent: -2 * Int(largest.exponent), significand: 1)
      return image.reduce(sum) { sum, x in
        let difference = Double(x) - quantization.real(quantization.quantize(Double(x)))
        return sum + difference * difference * weight
      }
    }
  }

  /// No pair of ends on a grid of an eighth part over both extremes does notably better on the samples themselves. The
  /// search steps by 2^(1/40), which moves the range by 1 % and its error by twice that; bins, which stand for their
  /// middle, cost as much again.
  @Test(arguments: distributions.indices) func noOtherRangeHasLessError(index: Int) {
    let values = Self.distributions[index].values.enumerated().filter { $0.offset % 10 == 0 }.map(\.element)
    let images = [values, values.map { $0 / 5 }]
    let range = RangeEstimator.mse.range(of: scaled(images))
    let full = RangeEstimator.minMax.range(of: scaled(images))
    #expect(range.low <= 0 && range.low >= full.low && range.high >= 0 && range.high <= full.high)
    let found = error(images, range.low, range.high)
    for low in 0...8 {
      for high in 0...8 where low + high > 0 {
        let other = error(images, full.low * Double(low) / 8, full.high * Double(high) / 8)
        #expect(found <= other * 1.04, "\(range) has \(found), \(low) and \(high) eighths of \(full) \(other)")
      }
    }
  }
}

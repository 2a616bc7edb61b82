import Math
import Platform

/// Finds the range with the least sum of powers of quantization errors, each relative to the scale of its image.
///
/// Alternates between the two ends: each is moved over a grid of fractions of its extreme, spaced evenly in the
/// logarithm, while the other stays; the grid is refined around the best once.
struct LeastErrorSearch {
  private var values: [Float] = []
  private var weights: [Float] = []
  private let power: Int
  private let function: UnaryFunction?
  /// What the function makes of `values`, and of evenly spaced numbers from `gridStart` on.
  private var results: [Float] = []
  private var grid: [Float] = []
  private let gridStart: Float
  private let gridWidth: Float

  /// - Parameters:
  ///   - power: 2, 3 or 4
  ///   - function: errors are those of its result; nil for those of the values themselves
  init(_ histograms: ScaledHistograms, power: Int, through function: UnaryFunction?) {
    self.power = power
    self.function = function
    let combined = histograms.combined
    gridStart = Float(Double(combined.base) * combined.width)
    gridWidth = Float(combined.width)
    // Bins of all scales are brought onto the widest grid: errors below its width do not matter for the choice.
    var sums = [Double](repeating: 0, count: Histogram.bins)
    let images = histograms.byExponent.sorted { $0.key < $1.key }
    let scales = images.map { exponent, histogram in
      function.map { LeastErrorSearch.exponent(of: histogram, through: $0) } ?? exponent
    }
    let least = power == 2 ? .min : (scales.max() ?? 0) - LeastErrorSearch.scalesApart
    for ((_, histogram), scale) in zip(images, scales) {
      let weight = Double(sign: .plus, exponent: -power * max(scale, least), significand: 1)
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
    if let function {
      results = values.map { Float(function(Double($0))) }
      grid = (0...Histogram.bins).map { Float(function(Double(combined.base + $0) * combined.width)) }
    }
  }

  /// An image whose scale is further below the largest one's counts as if it were not: one of zeroes has none. Least
  /// squares take any scale as it is.
  private static let scalesApart = 8

  /// The exponent of the largest magnitude that a function makes of an image's values.
  private static func exponent(of histogram: Histogram, through function: UnaryFunction) -> Int {
    let largest = max(abs(function(Double(histogram.minimum))), abs(function(Double(histogram.maximum))))
    return largest.isFinite && largest > 1e-30 ? Int(largest.exponent) : -100
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
      let candidate = error(extreme * LeastErrorSearch.fraction(step))
      if candidate < best.error { best = (step, candidate) }
    }
    for step in 1...40 { attempt(Double(step)) }
    let center = best.step
    for step in -4...4 where step != 0 && center + Double(step) / 5 > 0 { attempt(center + Double(step) / 5) }
    return extreme * LeastErrorSearch.fraction(best.step)
  }

  private static func fraction(_ step: Double) -> Double { Platform.exp2(-step / 8) }

  private func error(low: Double, high: Double) -> Float {
    guard high > low else { return .infinity }
    let scale = Float((high - low) / 255)
    let inverse = 1 / scale
    let zeroPoint = Float((-128 - low / ((high - low) / 255)).rounded(.toNearestOrEven))
    if function != nil { return errorOfResults(scale: scale, zeroPoint: zeroPoint) }
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: values.count) { terms in
      switch power {
      case 2: fill(terms, scale, inverse, zeroPoint) { _ in 1 }
      case 3: fill(terms, scale, inverse, zeroPoint) { abs($0) }
      default: fill(terms, scale, inverse, zeroPoint) { $0 * $0 }
      }
      return LeastErrorSearch.sum(terms)
    }
  }

  /// Writes what each value adds to the error: w |x - y|^power. A plain loop, which compilers make vectors of.
  @inline(__always)
  private func fill(
    _ terms: UnsafeMutableBufferPointer<Float>, _ scale: Float, _ inverse: Float, _ zeroPoint: Float,
    _ further: (Float) -> Float
  ) {
    values.withUnsafeBufferPointer { values in
      weights.withUnsafeBufferPointer { weights in
        for index in 0..<values.count {
          let x = values[index]
          let q = (x * inverse + LeastErrorSearch.toInteger) - LeastErrorSearch.toInteger + zeroPoint
          let difference = x - (max(-128, min(127, q)) - zeroPoint) * scale
          terms[index] = weights[index] * difference * difference * further(difference)
        }
      }
    }
  }

  /// The sum in sixteen lanes.
  private static func sum(_ terms: UnsafeMutableBufferPointer<Float>) -> Float {
    guard let base = terms.baseAddress else { return 0 }
    var sums = SIMD16<Float>(repeating: 0)
    let whole = terms.count / 16 * 16
    for index in stride(from: 0, to: whole, by: 16) {
      sums += UnsafeRawPointer(base + index).loadUnaligned(as: SIMD16<Float>.self)
    }
    return terms[whole...].reduce(sums.sum(), +)
  }

  /// The function, between the points of the grid by a straight line.
  private func result(_ x: Float) -> Float {
    let position = max(0, min(Float(Histogram.bins) - 0.001, (x - gridStart) / gridWidth))
    let index = Int(position)
    return grid[index] + (grid[index + 1] - grid[index]) * (position - Float(index))
  }

  /// Added and subtracted again it leaves the nearest integer, ties to even: exact below 2^22, and no value is further
  /// than 2^13 steps from 0. There is no instruction for it that every processor has.
  private static let toInteger: Float = 12_582_912

  /// The error of what a table of 256 entries makes of the values.
  private func errorOfResults(scale: Float, zeroPoint: Float) -> Float {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { table in
      for entry in 0..<256 { table[entry] = result((Float(entry - 128) - zeroPoint) * scale) }
      var sum: Float = 0
      let inverse = 1 / scale
      for index in values.indices {
        let q = (values[index] * inverse + LeastErrorSearch.toInteger) - LeastErrorSearch.toInteger + zeroPoint
        let difference = results[index] - table[Int(max(-128, min(127, q))) + 128]
        let further: Float = power == 2 ? 1 : power == 3 ? abs(difference) : difference * difference
        sum += weights[index] * difference * difference * further
      }
      return sum
    }
  }
}

import CKernels
import Math
import Platform

/// Counts of a tensor's values over a grid whose bin width is a power of two, growing with the values seen.
///
/// Bins are [k * 2^e, (k + 1) * 2^e) with e the smallest exponent for which the range seen fits into `bins` bins.
/// Growing merges bins exactly, and 0 is always within the grid, so the final counts depend on the values alone: not on
/// their order, nor on how they were split over threads.
package struct Histogram: Sendable {
  package static let bins = 2048
  private static let finest = -80

  /// Smallest and largest value seen; +infinity and -infinity before any.
  package private(set) var minimum = Float.infinity
  package private(set) var maximum = -Float.infinity
  package private(set) var total: UInt64 = 0
  /// Values that were NaN or infinite; they are in no bin.
  package private(set) var notFinite: UInt64 = 0
  /// The bin width is 2^exponent.
  package private(set) var exponent = Histogram.finest
  /// The grid index of the first bin.
  package private(set) var base = 0
  package private(set) var counts = [UInt64](repeating: 0, count: Histogram.bins)

  package init() {}

  /// What was counted of values of a range, which alone says where the grid lies.
  ///
  /// - Parameter counts: of the bins from `first` on
  /// - Returns: nil where the range is none, or the counts do not fit the grid
  init?(minimum: Float, maximum: Float, counts known: [UInt64], from first: Int) {
    guard minimum <= maximum, minimum.isFinite, maximum.isFinite, first >= 0, known.count <= Histogram.bins - first
    else { return nil }
    for count in known {
      let (sum, overflow) = total.addingReportingOverflow(count)
      if overflow || sum > Histogram.mostValues { return nil }
      total = sum
    }
    guard total > 0 else { return nil }
    let values = total
    total = 0
    grow(toInclude: minimum, maximum)
    total = values
    counts.replaceSubrange(first..<first + known.count, with: known)
  }

  /// The most values that are taken for counted, from files that may say anything: sums of a few thousand such numbers
  /// stay within 64 bits.
  static let mostValues: UInt64 = 1 << 52

  /// Adds all values; `scratch` holds `bins` counters and is left in no particular state.
  package mutating func add(_ values: UnsafeBufferPointer<Float>, scratch: UnsafeMutablePointer<UInt32>) {
    let (low, high, bad) = Histogram.range(values)
    notFinite += UInt64(bad)
    guard low <= high else { return }
    add(values, range: (low, high), notFinite: bad, scratch: scratch)
  }

  /// The range of the finite values, and how many are not.
  package static func range(_ values: UnsafeBufferPointer<Float>) -> (low: Float, high: Float, notFinite: Int) {
    var range: (Float, Float) = (.infinity, -.infinity)
    guard let start = values.baseAddress else { return (range.0, range.1, 0) }
    let bad = withUnsafeMutablePointer(to: &range) { range in
      Kernels.float.min_max(values.count, start, UnsafeMutableRawPointer(range).assumingMemoryBound(to: Float.self))
    }
    return (range.0, range.1, bad)
  }

  /// Adds values whose range is known.
  package mutating func add(
    _ values: UnsafeBufferPointer<Float>, range: (Float, Float), notFinite bad: Int,
    scratch: UnsafeMutablePointer<UInt32>
  ) {
    guard let start = values.baseAddress else { return }
    grow(toInclude: range.0, range.1)
    memset(scratch, 0, Histogram.bins * MemoryLayout<UInt32>.stride)
    Kernels.float.histogram(
      values.count, start, Float(sign: .plus, exponent: -exponent, significand: 1), Int32(base), Histogram.bins, scratch
    )
    for bin in 0..<Histogram.bins { counts[bin] += UInt64(scratch[bin]) }
    total += UInt64(values.count - bad)
  }

  /// Adds everything another histogram counted.
  package mutating func merge(_ other: Histogram) {
    notFinite += other.notFinite
    guard other.total > 0 else { return }
    var other = other
    grow(toInclude: other.minimum, other.maximum)
    other.grow(toInclude: minimum, maximum)
    for bin in 0..<Histogram.bins { counts[bin] += other.counts[bin] }
    total += other.total
  }

  /// The value in the middle of a bin.
  package func center(ofBin bin: Int) -> Double { (Double(base + bin) + 0.5) * width }

  package var width: Double { Double(sign: .plus, exponent: exponent, significand: 1) }

  private mutating func grow(toInclude low: Float, _ high: Float) {
    guard low < minimum || high > maximum else { return }
    minimum = Swift.min(minimum, low)
    maximum = Swift.max(maximum, high)
    let low = Swift.min(0, minimum)
    let high = Swift.max(0, maximum)
    var wanted = exponent
    while gridIndex(high, wanted) - gridIndex(low, wanted) >= Double(Histogram.bins) { wanted += 1 }
    let newBase = Int(gridIndex(low, wanted))
    guard wanted != exponent || newBase != base else { return }
    if total > 0 {
      let shift = wanted - exponent
      var merged = [UInt64](repeating: 0, count: Histogram.bins)
      for (bin, count) in counts.enumerated() where count > 0 {
        merged[((base + bin) >> shift) - newBase] += count
      }
      counts = merged
    }
    exponent = wanted
    base = newBase
  }

  /// Grid indices are compared as doubles: at the finest width they do not fit an integer.
  private func gridIndex(_ value: Float, _ exponent: Int) -> Double {
    (Double(value) * Double(sign: .plus, exponent: -exponent, significand: 1)).rounded(.down)
  }
}

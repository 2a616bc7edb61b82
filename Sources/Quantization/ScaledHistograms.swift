import Math

/// Histograms of one tensor, an image's values going to the one for the image's own scale.
///
/// Some images drive a network far outside the range it otherwise works in. Their squared errors would outweigh those
/// of all others when a range is chosen, so errors are counted relative to the scale of the image they are made in.
/// Scales are powers of two: counts stay integers, and the result does not depend on the order of images.
package struct ScaledHistograms: Sendable {
  /// By the exponent of the largest magnitude in the image.
  package internal(set) var byExponent: [Int: Histogram] = [:]
  package private(set) var notFinite: UInt64 = 0

  package init() {}

  /// Adds one image's values; `scratch` holds `Histogram.bins` counters.
  package mutating func add(_ values: UnsafeBufferPointer<Float>, scratch: UnsafeMutablePointer<UInt32>) {
    let (low, high, bad) = Histogram.range(values)
    notFinite += UInt64(bad)
    guard low <= high else { return }
    let largest = max(abs(low), abs(high))
    let exponent = largest > 0 ? Int(largest.exponent) : -126
    byExponent[exponent, default: Histogram()].add(values, range: (low, high), notFinite: bad, scratch: scratch)
  }

  package mutating func merge(_ other: ScaledHistograms) {
    notFinite += other.notFinite
    for (exponent, histogram) in other.byExponent { byExponent[exponent, default: Histogram()].merge(histogram) }
  }

  /// All values together.
  package var combined: Histogram {
    var all = Histogram()
    for (_, histogram) in byExponent.sorted(by: { $0.key < $1.key }) { all.merge(histogram) }
    return all
  }
}

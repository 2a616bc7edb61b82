/// What biases are multiples of, so that they take few bits to store. A layer has one unit, in its accumulators' steps:
/// those differ between channels as the channels' own steps do, and so do the errors that a channel can bear.
package enum BiasGrid {
  /// The unit where weights are rounded to the nearest of 255 levels: the greatest power of two not above sqrt(K), K
  /// being the products of a sum.
  ///
  /// Rounding K weights gives a sum the variance K r^2 / 12, r being the root mean square of the layer's integer
  /// inputs; rounding the bias to multiples of u adds u^2 / 12. With this u that is at most 1 / r^2 of it: under 1 %
  /// from r = 10.
  package static func unit(products count: Int) -> Int32 {
    // sqrt(K) has half as many bits as K.
    let bits = Int.bitWidth - max(1, count).leadingZeroBitCount
    return 1 << Int32((bits - 1) / 2)
  }

  /// The unit where each channel has a step of its own that errors of its bias allow, in its accumulator's steps: the
  /// median of them, rounded down.
  package static func unit(steps: [Double]) -> Int32 {
    let known = steps.filter { $0 >= 1 }.sorted()
    // Those that allow nothing are the lower ones.
    let middle = steps.count / 2 - (steps.count - known.count)
    guard known.indices.contains(middle) else { return 1 }
    return Int32(min(known[middle], largestUnit))
  }

  private static let largestUnit = 16_777_216.0

  /// The multiple of a unit next to a bias, of two the one that is even times the unit; no further from zero than int32
  /// allows.
  package static func rounded(_ bias: Double, to unit: Int32) -> Int32 {
    let most = Double(Int32.max / unit)
    let multiple = (bias / Double(unit)).rounded(.toNearestOrEven)
    return Int32(max(-most, min(most, multiple))) * unit
  }
}

/// Factors that let one scale serve all channels of a value.
///
/// Where the largest channel peaks at M, one that peaks at m has m / M of the levels of int8. Divided by
///
///     e = (m / M)^a
///
/// it has as many as the largest for a = 1. The weights that read it are multiplied by e. Where each has a scale of its
/// own, as in depthwise layers, that costs nothing; where a row of them shares one, those of small channels are left
/// with fewer levels, and a = 1 / 2 shares the loss (M. Nagel and others, arXiv:1906.04721, section 4.1).
package enum ChannelEqualization {
  /// A channel that is cut off at the bound of another may be this much larger than it was on samples.
  private static let room = 1.5
  /// What is hardly ever there is not made larger without end.
  private static let least = 1.0 / 32

  /// - Parameters:
  ///   - peaks: the largest magnitude in each channel
  ///   - areReadApart: whether every reader has weights with scales of their own for each channel
  ///   - isClamped: whether an upper bound cuts channels off
  /// - Returns: for each channel, from 1 down to a small number; nil where there is nothing to gain
  package static func factors(peaks: [Float], areReadApart: Bool, isClamped: Bool) -> [Double]? {
    guard let top = peaks.max(), top > 0, top.isFinite else { return nil }
    let factors = peaks.map { peak in
      // Of a channel that was never there nothing is known.
      guard peak > 0 else { return 1.0 }
      let share = min(1, max(least, Double(peak) / Double(top) * (isClamped ? room : 1)))
      return areReadApart ? share : share.squareRoot()
    }
    return factors.contains { $0 < 1 } ? factors : nil
  }
}

import Platform

/// Temperature scaling: the number T for which softmax(logits / T) gives the right answers the highest likelihood.
///
/// T > 1 says that the model is surer than it should be. Order and decisions stay what they are. (Guo et al., "On
/// Calibration of Modern Neural Networks", 2017.)
package struct TemperatureFit: Sendable, Equatable {
  /// What logits are divided by.
  package let temperature: Float
  /// Whether no temperature within `bounds` is best, so that it is one of them: the lowest where every sample is
  /// answered right and more confidence only looks better, the highest where answers are no better than chance.
  package let isAtBound: Bool

  package static let bounds: ClosedRange<Float> = 0.015625...64

  /// The mean of -ln p of the right class is convex in b = 1 / T; its slope, the mean over samples of what the softmax
  /// expects of the logits less the right one's logit, only rises. Where it crosses zero is found by bisection, until
  /// the temperatures at both ends are one float32.
  ///
  /// - Parameters:
  ///   - logits: one row a sample, all of one length and finite; at least one row
  ///   - labels: the right class of each
  package init(logits: [[Double]], labels: [Int]) {
    // Shifted so that the highest logit is 0, which changes no probability.
    let rows = logits.map { row in
      let highest = row.reduce(-Double.infinity, max)
      return row.map { $0 - highest }
    }
    func slope(_ inverse: Double) -> Double {
      var sum = 0.0
      for (row, label) in zip(rows, labels) {
        var (total, expected) = (0.0, 0.0)
        for logit in row {
          let weight = exp(inverse * logit)
          total += weight
          expected += weight * logit
        }
        sum += expected / total - row[label]
      }
      return sum
    }
    let bounds = TemperatureFit.bounds
    var (low, high) = (1 / Double(bounds.upperBound), 1 / Double(bounds.lowerBound))
    guard slope(low) < 0 else {
      (temperature, isAtBound) = (bounds.upperBound, true)
      return
    }
    guard slope(high) > 0 else {
      (temperature, isAtBound) = (bounds.lowerBound, true)
      return
    }
    while Float(1 / low) != Float(1 / high) {
      let middle = (low + high) / 2
      guard low < middle, middle < high else { break }
      if slope(middle) < 0 { low = middle } else { high = middle }
    }
    (temperature, isAtBound) = (Float(1 / low), false)
  }
}

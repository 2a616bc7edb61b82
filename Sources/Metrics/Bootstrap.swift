/// The bootstrap over samples: how much a measure would vary with another draw of the data set.
///
/// Where samples come in groups, such as the images of one lesion, whole groups are drawn: images of one lesion are
/// answered alike, and drawn one by one they would pass for more evidence than they are.
///
/// Statistics of two models are computed on the same draws, so that intervals of their difference are paired. The same
/// seed gives the same intervals on every machine.
package struct Bootstrap: Sendable, Equatable {
  package let resamples: Int
  package let seed: UInt64
  /// The probability mass inside the intervals.
  package let confidence: Double

  package init(resamples: Int = 1000, seed: UInt64 = 0, confidence: Double = 0.95) {
    self.resamples = max(resamples, 1)
    self.seed = seed
    self.confidence = confidence
  }

  /// Percentile intervals of several statistics of one data set.
  ///
  /// - Parameters:
  ///   - groups: Which samples belong together; nil draws samples one by one.
  ///   - statistics: The statistics of the data set in which sample i stands `weights[i]` times; always as many, nil
  ///     where one is not defined.
  /// - Returns: For each statistic its value with every sample once, and the interval of its values over the draws in
  ///   which it is defined; nil where it is not defined on the data set itself.
  package func intervals(
    samples count: Int, groups: SampleGroups? = nil, of statistics: (_ weights: [Int]) -> [Double?]
  ) -> [Estimate?] {
    guard count > 0 else { return [] }
    var weights = [Int](repeating: 1, count: count)
    let values = statistics(weights)
    var draws = values.map { _ in [Double]() }
    var generator = SeededGenerator(seed: seed)
    let units = groups?.count ?? count
    var drawn = [Int](repeating: 0, count: units)
    for _ in 0..<resamples {
      for unit in 0..<units { drawn[unit] = 0 }
      for _ in 0..<units { drawn[generator.next(below: units)] += 1 }
      if let groups {
        for (sample, group) in groups.indices.prefix(count).enumerated() { weights[sample] = drawn[group] }
      } else {
        weights = drawn
      }
      for (index, value) in statistics(weights).enumerated() {
        if let value { draws[index].append(value) }
      }
    }
    return zip(values, draws).map { value, draws in
      guard let value, !draws.isEmpty else { return nil }
      let sorted = draws.sorted()
      let tail = (1 - confidence) / 2
      return Estimate(value, low: Self.quantile(tail, sorted), high: Self.quantile(1 - tail, sorted))
    }
  }

  /// What follows the order of probabilities is resampled where samples x classes x resamples is at most this: a few
  /// seconds.
  static let rankedStepLimit = 2_000_000_000

  func canRank(_ samples: Int, _ classes: Int) -> Bool {
    let (scores, overflows) = samples.multipliedReportingOverflow(by: classes)
    let (steps, overflow) = scores.multipliedReportingOverflow(by: resamples)
    return !overflows && !overflow && steps <= Bootstrap.rankedStepLimit
  }

  /// The quantile between order statistics, interpolated linearly.
  private static func quantile(_ fraction: Double, _ sorted: [Double]) -> Double {
    let position = fraction * Double(sorted.count - 1)
    let lower = min(max(Int(position), 0), sorted.count - 1)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }
}

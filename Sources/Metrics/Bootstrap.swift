/// The bootstrap over samples: how much a measure would vary with another draw of the data set.
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
  ///   - statistics: The statistics of the data set in which sample i stands `weights[i]` times; always as many, nil
  ///     where one is not defined.
  /// - Returns: For each statistic its value with every sample once, and the interval of its values over the draws in
  ///   which it is defined; nil where it is not defined on the data set itself.
  package func intervals(
    samples count: Int, of statistics: (_ weights: [Int]) -> [Double?]
  ) -> [ConfidenceInterval?] {
    guard count > 0 else { return [] }
    var weights = [Int](repeating: 1, count: count)
    let values = statistics(weights)
    var draws = values.map { _ in [Double]() }
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<resamples {
      for sample in 0..<count { weights[sample] = 0 }
      for _ in 0..<count { weights[generator.next(below: count)] += 1 }
      for (index, value) in statistics(weights).enumerated() {
        if let value { draws[index].append(value) }
      }
    }
    return zip(values, draws).map { value, draws in
      guard let value, !draws.isEmpty else { return nil }
      let sorted = draws.sorted()
      let tail = (1 - confidence) / 2
      return ConfidenceInterval(value: value, low: Self.quantile(tail, sorted), high: Self.quantile(1 - tail, sorted))
    }
  }

  /// The quantile between order statistics, interpolated linearly.
  private static func quantile(_ fraction: Double, _ sorted: [Double]) -> Double {
    let position = fraction * Double(sorted.count - 1)
    let lower = min(max(Int(position), 0), sorted.count - 1)
    let upper = min(lower + 1, sorted.count - 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }
}

/// A measure and the interval it lies in under resampling.
package struct ConfidenceInterval: Sendable, Equatable {
  package let value: Double
  package let low: Double
  package let high: Double

  package init(value: Double, low: Double, high: Double) {
    self.value = value
    self.low = low
    self.high = high
  }
}

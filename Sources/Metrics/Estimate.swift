/// A measure and, where it was resampled, the 95 % interval it lies in.
package struct Estimate: Sendable, Equatable {
  package let value: Double
  package let low: Double?
  package let high: Double?

  package init(_ value: Double, low: Double? = nil, high: Double? = nil) {
    self.value = value
    self.low = low
    self.high = high
  }

  /// The estimate, with 3 / samples to each side where its interval has no width.
  package func widened(samples: Int, to bounds: ClosedRange<Double> = -1...1) -> Estimate {
    widened(margin: BinaryUnits.margin(samples), to: bounds)
  }

  /// The estimate, with a margin to each side where its interval has no width.
  ///
  /// Resampling samples that all agree gives an interval of no width, however few they are. By the rule of three, what
  /// none of n samples showed happens, with 95 % confidence, to at most 3 / n of all.
  package func widened(margin: Double?, to bounds: ClosedRange<Double> = -1...1) -> Estimate {
    guard let low, low == high, let margin else { return self }
    return Estimate(value, low: max(bounds.lowerBound, low - margin), high: min(bounds.upperBound, low + margin))
  }
}

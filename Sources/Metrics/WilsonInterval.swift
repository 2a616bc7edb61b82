extension Estimate {
  /// A share of independent samples and Wilson's interval for it, which is right also near 0 and 1 and for few samples
  /// (Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927).
  ///
  /// - Parameter deviations: half the width in standard deviations; 1.96 leaves 5 % outside
  package init(share count: Int, of samples: Int, deviations z: Double = 1.96) {
    guard samples > 0 else {
      self.init(0, low: 0, high: 1)
      return
    }
    let n = Double(samples)
    let share = Double(count) / n
    let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    let margin = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    self.init(share, low: max(0, middle - margin), high: min(1, middle + margin))
  }
}

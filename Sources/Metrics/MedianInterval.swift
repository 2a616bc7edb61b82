extension Estimate {
  /// The median of independent values and its exact 95 % interval between order statistics, whatever the values are
  /// distributed like (Conover, "Practical Nonparametric Statistics", 1999, section 3.2). Of five and fewer there is no
  /// interval.
  ///
  /// - Parameter values: at least one
  package init(medianOf values: [Double]) {
    let sorted = values.sorted()
    let count = sorted.count
    let median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    // How many values are below the median is a fair coin thrown `count` times. Relative to its most likely number, so
    // that nothing overflows.
    var weights = [1.0]
    for k in stride(from: count / 2, to: 0, by: -1) {
      weights.append(weights[weights.count - 1] * Double(k) / Double(count - k + 1))
    }
    let total = weights.dropFirst(count.isMultiple(of: 2) ? 1 : 0).reduce(0, +) * 2 + (count.isMultiple(of: 2) ? 1 : 0)
    var (tail, outside) = (0.0, 0)
    for weight in weights.reversed() {
      tail += weight
      guard tail / total <= 0.025 else { break }
      outside += 1
    }
    guard outside > 0 else {
      self.init(median)
      return
    }
    self.init(median, low: sorted[outside - 1], high: sorted[count - outside])
  }
}

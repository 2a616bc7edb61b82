import Platform

/// Clopper and Pearson's exact bound of a probability ("The Use of Confidence or Fiducial Limits", 1934).
package enum BinomialBound {
  /// The highest probability of an event under which seeing it at most `count` times in `samples` has probability
  /// `outside`: what is above it would have shown more events in a share 1 - outside of draws.
  package static func upper(_ count: Int, of samples: Int, outside: Double) -> Double {
    guard samples > 0, count < samples else { return 1 }
    // ln of the binomial coefficients of 0 to count.
    var coefficients = [0.0]
    for index in 0..<count {
      coefficients.append(coefficients[index] + log(Double(samples - index)) - log(Double(index + 1)))
    }
    /// The probability of at most `count` events.
    func atMost(_ p: Double) -> Double {
      let (yes, no) = (log(p), log1p(-p))
      return coefficients.enumerated().reduce(0.0) {
        $0 + exp($1.element + Double($1.offset) * yes + Double(samples - $1.offset) * no)
      }
    }
    var (low, high) = (0.0, 1.0)
    while true {
      let middle = (low + high) / 2
      guard low < middle, middle < high else { return high }
      if atMost(middle) > outside { low = middle } else { high = middle }
    }
  }
}

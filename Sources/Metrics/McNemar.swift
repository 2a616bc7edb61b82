/// McNemar's exact test for two models on the same samples.
package enum McNemar {
  /// The two-sided p-value under the hypothesis that both models are right equally often.
  ///
  /// Only samples that exactly one model gets right count; under the hypothesis each is a fair coin, so p is twice the
  /// binomial probability of a split at least as uneven, at most 1.
  package static func pValue(onlyFirstRight: Int, onlySecondRight: Int) -> Double {
    let count = max(onlyFirstRight, 0) + max(onlySecondRight, 0)
    let fewer = max(min(onlyFirstRight, onlySecondRight), 0)
    // Binomial coefficients relative to the central one, so that nothing overflows and the far tail ends in zero.
    let center = count / 2
    var (tail, total, weight) = (0.0, 0.0, 1.0)
    for k in stride(from: center, through: 0, by: -1) {
      if k <= fewer { tail += weight }
      total += weight * (2 * k == count ? 1 : 2)
      weight *= Double(k) / Double(count - k + 1)
    }
    return min(1, 2 * tail / total)
  }
}

/// Thresholds of split-conformal prediction: up to which score an answer counts as possible, so that a stated share of
/// right answers does.
///
/// Of n samples that were kept apart, and one more that is exchangeable with them, the score of the one more is at most
/// the k-th smallest of the n with probability k / (n + 1), and no less where scores are equal. So k =
/// ceil((n + 1) share) gives at least `share`, and at most share + 1 / (n + 1) where no two scores are equal. (Vovk,
/// Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005; Lei et al., "Distribution-Free Predictive
/// Inference for Regression", 2018.)
package enum ConformalThreshold {
  /// ceil((n + 1) share).
  package static func rank(covering share: Double, samples: Int) -> Int {
    // A share such as 0.55 is no binary number: of 99 samples 55 are asked for, not 56.
    Int((Double(samples + 1) * share * (1 - 1e-12)).rounded(.up))
  }

  /// The threshold; nil stands for infinity, where there are too few samples to leave any score out.
  package static func upper(_ scores: [Float], covering share: Double) -> Float? {
    let rank = rank(covering: share, samples: scores.count)
    guard rank <= scores.count else { return nil }
    return scores.sorted()[max(rank, 1) - 1]
  }

  /// The threshold of each class, from its own samples alone, so that the share holds for each (Mondrian; Vovk,
  /// "Conditional Validity of Inductive Conformal Predictors", 2012).
  ///
  /// - Parameter labels: the right class of each sample
  package static func upper(
    _ scores: [Float], labels: [Int], classes: Int, covering share: Double
  ) -> [Float?] {
    var own = [[Float]](repeating: [], count: classes)
    for (score, label) in zip(scores, labels) { own[label].append(score) }
    return own.map { upper($0, covering: share) }
  }

  /// How many samples it takes for a threshold below infinity.
  package static func leastSamples(covering share: Double) -> Int {
    let estimate = Int((share / (1 - share)).rounded(.down))
    return (max(0, estimate - 1)...estimate + 2).first { rank(covering: share, samples: $0) <= $0 } ?? estimate + 2
  }
}

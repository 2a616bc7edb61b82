/// A compiled model compared with the float model it came from, on the same samples.
package struct Comparison: Sendable, Equatable {
  package let samples: Int
  /// What the scores alone tell.
  package let divergence: Divergence
  /// The agreement of `divergence` with its interval.
  package let agreement: ConfidenceInterval?
  /// What the labels tell; nil where there are none.
  package let labelled: Labelled?

  /// Both models against the labels.
  package struct Labelled: Sendable, Equatable {
    package let float: Evaluation
    package let compiled: Evaluation
    /// Compiled minus float, with paired intervals.
    package let deltas: MeasureIntervals
    /// McNemar's exact test of both being right equally often.
    package let mcNemarP: Double
  }

  /// - Throws: where the scores do not match each other, the labels or the names.
  package init(
    float: Scores, compiled: Scores, labels: [Int]?, classNames: [String], bootstrap: Bootstrap = Bootstrap()
  ) throws(MetricsError) {
    guard let labels else {
      divergence = try Divergence(of: compiled, from: float)
      samples = float.sampleCount
      let same = zip(float.predictions, compiled.predictions).map { $0 == $1 }
      agreement = bootstrap.intervals(samples: same.count) { [Self.fraction(of: same, weights: $0)] }[0]
      labelled = nil
      return
    }
    let float = try LabelledScores(float, labels: labels)
    let compiled = try LabelledScores(compiled, labels: labels)
    divergence = try Divergence(of: compiled.scores, compiled.probabilities, from: float.scores, float.probabilities)
    samples = float.sampleCount
    let (before, after) = (ResampledModel(float, bootstrap), ResampledModel(compiled, bootstrap))
    let same = zip(float.predictions, compiled.predictions).map { $0 == $1 }
    let intervals = bootstrap.intervals(samples: samples) { weights in
      [Self.fraction(of: same, weights: weights)]
        + zip(after.statistics(weights: weights), before.statistics(weights: weights)).map { after, before in
          after.flatMap { after in before.map { after - $0 } }
        }
    }
    agreement = intervals[0]
    let right = zip(labels, zip(float.predictions, compiled.predictions))
    labelled = Labelled(
      float: try Evaluation(float, classNames: classNames),
      compiled: try Evaluation(compiled, classNames: classNames),
      deltas: MeasureIntervals(Array(intervals[1...]), classNames: classNames),
      mcNemarP: McNemar.pValue(
        onlyFirstRight: right.count { $0 == $1.0 && $0 != $1.1 },
        onlySecondRight: right.count { $0 != $1.0 && $0 == $1.1 }))
  }

  private static func fraction(of flags: [Bool], weights: [Int]) -> Double {
    var (marked, total) = (0, 0)
    for (flag, weight) in zip(flags, weights) {
      total += weight
      if flag { marked += weight }
    }
    return Double(marked) / Double(total)
  }
}

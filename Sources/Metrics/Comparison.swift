package import Tensors

/// A compiled model compared with the float model it came from, on the same samples.
package struct Comparison: Sendable, Equatable {
  package let samples: Int
  /// What the scores alone tell.
  package let divergence: Divergence
  /// The agreement of `divergence` with its interval.
  package let agreement: Estimate?
  /// What the labels tell; nil where there are none.
  package let labelled: Labelled?

  /// Both models against the labels.
  package struct Labelled: Sendable, Equatable {
    package let float: ModelAccuracy
    package let compiled: ModelAccuracy
    /// Compiled minus float, with paired intervals.
    package let deltas: AccuracyEstimates
    /// McNemar's exact test of both being right equally often.
    package let mcNemarP: Double
  }

  /// - Parameters:
  ///   - specificities: at which specificity to tell the sensitivity of some classes, by their index
  ///   - groups: which samples belong together
  /// - Throws: where the scores do not match each other, the labels, the groups or the names.
  package init(
    float: Scores, compiled: Scores, labels: [Int]?, classNames: [String], specificities: [Int: Double] = [:],
    groups: SampleGroups? = nil, bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    try groups?.check(samples: float.sampleCount)
    let same = zip(float.predictions, compiled.predictions).map { $0 == $1 }
    samples = float.sampleCount
    divergence = try Divergence(of: compiled, from: float)
    guard let labels else {
      agreement = bootstrap.intervals(samples: samples, groups: groups) { [same.fraction(weights: $0)] }[0]
      labelled = nil
      return
    }
    let float = try LabelledScores(float, labels: labels)
    let compiled = try LabelledScores(compiled, labels: labels)
    let before = ResampledModel(float, bootstrap, specificities: specificities)
    let after = ResampledModel(compiled, bootstrap, specificities: specificities)
    let intervals = bootstrap.intervals(samples: samples, groups: groups) { weights in
      [same.fraction(weights: weights)]
        + zip(after.statistics(weights: weights), before.statistics(weights: weights)).map { after, before in
          after.flatMap { after in before.map { after - $0 } }
        }
    }
    agreement = intervals[0]
    let right = zip(labels, zip(float.predictions, compiled.predictions))
    labelled = Labelled(
      float: try ModelAccuracy(float, classNames: classNames, specificities: specificities),
      compiled: try ModelAccuracy(compiled, classNames: classNames, specificities: specificities),
      deltas: AccuracyEstimates(Array(intervals[1...]), classNames: classNames),
      mcNemarP: McNemar.pValue(
        onlyFirstRight: right.count { $0 == $1.0 && $0 != $1.1 },
        onlySecondRight: right.count { $0 != $1.0 && $0 == $1.1 }))
  }
}

extension [Bool] {
  /// The share of flags that are set, each counting `weights[index]` times.
  func fraction(weights: [Int]) -> Double {
    var (marked, total) = (0, 0)
    for (flag, weight) in zip(self, weights) {
      total += weight
      if flag { marked += weight }
    }
    return Double(marked) / Double(total)
  }
}

/// A probability from which on samples are called positive, and where it comes from.
package struct Threshold: Sendable, Equatable {
  package let value: Double
  package let origin: Origin

  package enum Origin: Sendable, Equatable {
    /// Told by the user, stored with the model, or one half.
    case given
    /// Chosen on the samples that are reported on: what is said at it is optimistic.
    case chosen(ThresholdChoice)
  }

  package init(_ value: Double, _ origin: Origin = .given) {
    self.value = value
    self.origin = origin
  }
}

/// A rule that chooses a threshold on labelled samples. Samples are called positive where p >= threshold.
package enum ThresholdChoice: Sendable, Equatable {
  /// The highest of the probabilities there are whose sensitivity is at least this.
  case sensitivity(Double)
  /// Where sensitivity + specificity - 1 is highest (Youden's J), the highest of several such.
  case youden

  /// Nil where the rule is not defined: without positives, for Youden without negatives, and for no sensitivity above
  /// 1.
  package func threshold(isPositive: [Bool], probabilities: [Double]) -> Double? {
    let curve = OperatingCurve(isPositive: isPositive, probabilities: probabilities)
    let (positives, negatives) = (curve.positives, curve.negatives)
    switch self {
    case .sensitivity(let target):
      guard positives > 0 else { return nil }
      return curve.steps.first { Double($0.truePositives) / Double(positives) >= target }?.threshold
    case .youden:
      guard positives > 0, negatives > 0 else { return nil }
      // In whole numbers, so that equal ones are equal.
      func index(_ step: OperatingCurve.Step) -> Int {
        step.truePositives * negatives - step.falsePositives * positives
      }
      var best: OperatingCurve.Step?
      for step in curve.steps where best.map({ index(step) > index($0) }) ?? true { best = step }
      return best?.threshold
    }
  }

  /// As reports write it: `sensitivity 0.95`, `youden`.
  package var text: String {
    switch self {
    case .sensitivity(let target): "sensitivity \(target)"
    case .youden: "youden"
    }
  }
}

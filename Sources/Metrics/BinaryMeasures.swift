/// What is told of a positive class against the other, or of a label against its absence.
package enum BinaryMeasure: String, Sendable, CaseIterable {
  /// Of the positive samples, the fraction called positive; recall.
  case sensitivity
  /// Of the negative samples, the fraction called negative.
  case specificity
  /// Positive predictive value: of the samples called positive, the fraction that are; precision.
  case ppv
  /// Negative predictive value: of the samples called negative, the fraction that are.
  case npv
  /// The mean of sensitivity and specificity.
  case balancedAccuracy = "balanced_accuracy"
  /// The harmonic mean of sensitivity and positive predictive value.
  case f1
  /// The area under the ROC curve.
  case rocAUC = "roc_auc"
  /// The area below the steps of the precision-recall curve.
  case averagePrecision = "average_precision"
  /// The mean squared distance of the probability from 1 or 0.
  case brier
}

/// A positive class told from the rest, at one threshold and over all. Fractions; nil is a measure that is not defined
/// on these samples.
package struct BinaryMeasures: Sendable, Equatable {
  package var truePositives: Int
  package var falsePositives: Int
  package var trueNegatives: Int
  package var falseNegatives: Int
  package var rocAUC: Double?
  package var averagePrecision: Double?
  package var brier: Double?

  package init(
    truePositives: Int, falsePositives: Int, trueNegatives: Int, falseNegatives: Int, rocAUC: Double? = nil,
    averagePrecision: Double? = nil, brier: Double? = nil
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.trueNegatives = trueNegatives
    self.falseNegatives = falseNegatives
    self.rocAUC = rocAUC
    self.averagePrecision = averagePrecision
    self.brier = brier
  }

  /// Samples that are positive.
  package var positives: Int { truePositives + falseNegatives }
  /// Samples that are negative.
  package var negatives: Int { trueNegatives + falsePositives }

  package subscript(_ measure: BinaryMeasure) -> Double? {
    switch measure {
    case .sensitivity: Self.ratio(truePositives, positives)
    case .specificity: Self.ratio(trueNegatives, negatives)
    case .ppv: Self.ratio(truePositives, truePositives + falsePositives)
    case .npv: Self.ratio(trueNegatives, trueNegatives + falseNegatives)
    case .balancedAccuracy:
      self[.sensitivity].flatMap { sensitivity in self[.specificity].map { (sensitivity + $0) / 2 } }
    case .f1: positives == 0 ? nil : Self.ratio(2 * truePositives, positives + truePositives + falsePositives)
    case .rocAUC: rocAUC
    case .averagePrecision: averagePrecision
    case .brier: brier
    }
  }

  /// All that are defined.
  package var values: [BinaryMeasure: Double] {
    var values: [BinaryMeasure: Double] = [:]
    for measure in BinaryMeasure.allCases { values[measure] = self[measure] }
    return values
  }

  private static func ratio(_ part: Int, _ whole: Int) -> Double? { whole == 0 ? nil : Double(part) / Double(whole) }
}

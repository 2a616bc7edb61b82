/// One model's answers measured against the labels. All measures are fractions.
package struct Evaluation: Sendable, Equatable {
  /// One class told from all others; nil is a measure that is not defined on these samples.
  package struct ClassMeasures: Sendable, Equatable {
    package let name: String
    /// Samples of the class.
    package let support: Int
    package let precision: Double?
    package let recall: Double?
    package let f1: Double?
    package let auc: Double?
    /// Of the samples of other classes, the fraction not taken for this one.
    package let specificity: Double?
    /// The area below the steps of the precision-recall curve, the class against the rest.
    package let averagePrecision: Double?
    /// The highest sensitivity at the specificity that was asked for.
    package let sensitivityAtSpecificity: SpecificityPoint?
  }

  package let samples: Int
  package let top1: Double
  /// The mean recall of the classes that have samples.
  package let balancedAccuracy: Double
  /// The mean F1 of the classes that have samples.
  package let macroF1: Double
  /// The mean area under the ROC curve, one class against the rest, of the classes with samples inside and outside.
  package let auc: Double?
  /// Expected calibration error over 15 bins.
  package let ece: Double
  package let logLoss: Double
  package let brier: Double
  package let classes: [ClassMeasures]
  /// Samples by right class (row) and predicted class (column).
  package let confusion: [[Int]]

  /// - Parameter specificities: at which specificity to tell the sensitivity of some classes, by their index
  /// - Throws: unless there is a name for every class.
  package init(
    _ samples: LabelledScores, classNames: [String], specificities: [Int: Double] = [:]
  ) throws(MetricsError) {
    guard classNames.count == samples.classCount else {
      throw MetricsError("\(classNames.count) class names for \(samples.classCount) classes")
    }
    let counts = ClassCounts(
      labels: samples.labels, predictions: samples.predictions, classCount: samples.classCount)
    let curves = classNames.indices.map(samples.ranking)
    let areas = curves.map(\.area)
    self.samples = samples.sampleCount
    top1 = counts.top1
    balancedAccuracy = counts.balancedAccuracy
    macroF1 = counts.macroF1
    auc = RankingCurve.mean(areas)
    ece = samples.calibrationError()
    logLoss = samples.logLoss
    brier = samples.brierScore
    classes = classNames.enumerated().map { index, name in
      ClassMeasures(
        name: name, support: counts.support[index], precision: counts.precision(index), recall: counts.recall(index),
        f1: counts.f1(index), auc: areas[index], specificity: counts.specificity(index),
        averagePrecision: curves[index].averagePrecision,
        sensitivityAtSpecificity: specificities[index].flatMap { target in
          curves[index].sensitivity(atSpecificity: target).map {
            SpecificityPoint(specificity: target, sensitivity: $0)
          }
        })
    }
    confusion = samples.confusion
  }
}

/// What a class's ROC curve gives at a stated specificity.
package struct SpecificityPoint: Sendable, Equatable {
  /// The least specificity.
  package let specificity: Double
  package let sensitivity: Double

  package init(specificity: Double, sensitivity: Double) {
    self.specificity = specificity
    self.sensitivity = sensitivity
  }
}

package import Tensors

/// One model's answers measured against right ones. All measures are fractions; nil is a measure that is not defined on
/// these samples.
package struct ModelAccuracy: Sendable, Equatable {
  package var top1: Double?
  /// The mean F1 of the classes that have samples.
  package var macroF1: Double?
  /// The mean area under the ROC curve, one class against the rest, of the classes with samples inside and outside.
  package var auc: Double?
  /// Expected calibration error over 15 bins: how far stated confidence is from the fraction that is right.
  package var ece: Double?
  /// Mean negative logarithm of the probability given to the right class, in nats.
  package var logLoss: Double?
  /// Mean squared distance of the probabilities from the right answer.
  package var brier: Double?
  /// The mean recall of the classes that have samples.
  package var balancedAccuracy: Double?
  package var perClass: [ClassAccuracy]
  /// Samples by right class (row) and predicted class (column); empty where unknown.
  package var confusion: [[Int]]

  package init(
    top1: Double? = nil, macroF1: Double? = nil, auc: Double? = nil, ece: Double? = nil,
    logLoss: Double? = nil, brier: Double? = nil, balancedAccuracy: Double? = nil, perClass: [ClassAccuracy] = [],
    confusion: [[Int]] = []
  ) {
    self.top1 = top1
    self.macroF1 = macroF1
    self.auc = auc
    self.ece = ece
    self.logLoss = logLoss
    self.brier = brier
    self.balancedAccuracy = balancedAccuracy
    self.perClass = perClass
    self.confusion = confusion
  }

  /// Measures answers of one class each.
  ///
  /// - Parameter specificities: at which specificity to tell the sensitivity of some classes, by their index
  /// - Throws: unless there is a name for every class.
  package init(
    _ samples: LabelledScores, classNames: [String], specificities: [Int: Double] = [:]
  ) throws(Refusal) {
    guard classNames.count == samples.classCount else {
      throw Refusal("\(classNames.count) class names for \(samples.classCount) classes")
    }
    let counts = ClassCounts(
      labels: samples.labels, predictions: samples.predictions, classCount: samples.classCount)
    let curves = classNames.indices.map(samples.ranking)
    let areas = curves.map(\.area)
    self.init(
      top1: counts.top1, macroF1: counts.macroF1, auc: RankingCurve.mean(areas), ece: samples.calibrationError(),
      logLoss: samples.logLoss, brier: samples.brierScore, balancedAccuracy: counts.balancedAccuracy,
      perClass: classNames.enumerated().map { index, name in
        ClassAccuracy(
          name, support: counts.support[index], precision: counts.precision(index), recall: counts.recall(index),
          f1: counts.f1(index), auc: areas[index], specificity: counts.specificity(index),
          averagePrecision: curves[index].averagePrecision,
          sensitivityAtSpecificity: specificities[index].flatMap { target in
            curves[index].sensitivity(atSpecificity: target).map {
              SpecificityPoint(specificity: target, sensitivity: $0)
            }
          })
      },
      confusion: samples.confusion)
  }

  /// Means over labels, and labels in the place of classes.
  package init(_ measures: MultiLabelMeasures, _ names: [String]) {
    self.init(
      macroF1: measures.macro[.f1], auc: measures.macro[.rocAUC], brier: measures.macro[.brier],
      balancedAccuracy: measures.macro[.balancedAccuracy],
      perClass: zip(names, measures.labels).map { name, label in
        ClassAccuracy(
          name, support: label.positives, precision: label[.ppv], recall: label[.sensitivity], f1: label[.f1],
          auc: label[.rocAUC], specificity: label[.specificity], averagePrecision: label[.averagePrecision])
      })
  }
}

/// One class told from all others, or one label.
package struct ClassAccuracy: Sendable, Equatable {
  package var name: String
  /// Samples of the class.
  package var support: Int
  package var precision: Double?
  package var recall: Double?
  package var f1: Double?
  package var auc: Double?
  /// Of the samples of other classes, the fraction not taken for this one.
  package var specificity: Double?
  /// The area below the steps of the precision-recall curve, the class against the rest.
  package var averagePrecision: Double?
  /// The highest sensitivity at the specificity that was asked for.
  package var sensitivityAtSpecificity: SpecificityPoint?

  package init(
    _ name: String, support: Int, precision: Double? = nil, recall: Double? = nil, f1: Double? = nil,
    auc: Double? = nil, specificity: Double? = nil, averagePrecision: Double? = nil,
    sensitivityAtSpecificity: SpecificityPoint? = nil
  ) {
    self.name = name
    self.support = support
    self.precision = precision
    self.recall = recall
    self.f1 = f1
    self.auc = auc
    self.specificity = specificity
    self.averagePrecision = averagePrecision
    self.sensitivityAtSpecificity = sensitivityAtSpecificity
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

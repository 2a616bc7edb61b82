/// A model's measures with their intervals, or the differences between two models' measures.
///
/// Nil is a measure that is not defined on the samples.
package struct AccuracyEstimates: Sendable, Equatable {
  package var top1: Estimate?
  package var macroF1: Estimate?
  /// Areas under ROC curves are nil also where resampling them would take too long: `Bootstrap.rankedStepLimit`.
  package var auc: Estimate?
  package var balancedAccuracy: Estimate?
  package var perClass: [ClassEstimates]

  package init(
    top1: Estimate? = nil, macroF1: Estimate? = nil, auc: Estimate? = nil, balancedAccuracy: Estimate? = nil,
    perClass: [ClassEstimates] = []
  ) {
    self.top1 = top1
    self.macroF1 = macroF1
    self.auc = auc
    self.balancedAccuracy = balancedAccuracy
    self.perClass = perClass
  }

  /// From the order in which `ResampledModel.statistics` gives them.
  init(_ estimates: [Estimate?], classNames: [String]) {
    self.init(
      top1: estimates[0], macroF1: estimates[1], auc: estimates[2], balancedAccuracy: estimates[3],
      perClass: zip(classNames, stride(from: 4, to: estimates.count, by: 5)).map { name, first in
        ClassEstimates(
          name, recall: estimates[first + 1], precision: estimates[first], auc: estimates[first + 2],
          specificity: estimates[first + 3], sensitivityAtSpecificity: estimates[first + 4])
      })
  }

  /// What two models differ by as means over labels, with the labels in the place of classes; nil where one is measured
  /// alone.
  package init?(_ comparison: MultiLabelComparison) {
    guard let macro = comparison.macro, macro.float != nil else { return nil }
    self.init(
      macroF1: macro.deltas[.f1], auc: macro.deltas[.rocAUC], balancedAccuracy: macro.deltas[.balancedAccuracy],
      perClass: comparison.labels.map { label in
        let deltas = label.measures?.deltas ?? [:]
        return ClassEstimates(
          label.name, recall: deltas[.sensitivity], precision: deltas[.ppv], auc: deltas[.rocAUC],
          specificity: deltas[.specificity])
      })
  }

  /// Gives measures that no sample changed the interval they deserve: `Estimate.widened`.
  ///
  /// - Parameters:
  ///   - all: how many samples, or groups of them, there are
  ///   - classes: the names of all classes
  ///   - units: what each class is measured over, in the order of the names
  package mutating func widenUnchanged(all: Int, classes: [String], units: [BinaryUnits]) {
    top1 = top1?.widened(samples: all)
    balancedAccuracy = balancedAccuracy?.widened(margin: BinaryUnits.margin(ofMeanOver: units.map(\.positives)))
    perClass = perClass.map { estimates in
      guard let index = classes.firstIndex(of: estimates.name), units.indices.contains(index) else { return estimates }
      var estimates = estimates
      estimates.recall = estimates.recall?.widened(margin: units[index].margin(of: .sensitivity))
      estimates.precision = estimates.precision?.widened(margin: units[index].margin(of: .ppv))
      estimates.specificity = estimates.specificity?.widened(margin: units[index].margin(of: .specificity))
      return estimates
    }
  }
}

/// One class's part of them.
package struct ClassEstimates: Sendable, Equatable {
  package let name: String
  package var recall: Estimate?
  package var precision: Estimate?
  package var auc: Estimate?
  package var specificity: Estimate?
  /// Of the sensitivity at the specificity that was asked for; nil where none was.
  package var sensitivityAtSpecificity: Estimate?

  package init(
    _ name: String, recall: Estimate? = nil, precision: Estimate? = nil, auc: Estimate? = nil,
    specificity: Estimate? = nil, sensitivityAtSpecificity: Estimate? = nil
  ) {
    self.name = name
    self.recall = recall
    self.precision = precision
    self.auc = auc
    self.specificity = specificity
    self.sensitivityAtSpecificity = sensitivityAtSpecificity
  }
}

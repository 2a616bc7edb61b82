import Metrics
import Reports

// What is measured, as reports hold it.

extension Estimate {
  init(_ interval: ConfidenceInterval) { self.init(interval.value, low: interval.low, high: interval.high) }
}

extension ModelAccuracy {
  init(_ evaluation: Evaluation) {
    self.init(
      top1: evaluation.top1, macroF1: evaluation.macroF1, auc: evaluation.auc, ece: evaluation.ece,
      logLoss: evaluation.logLoss, brier: evaluation.brier, balancedAccuracy: evaluation.balancedAccuracy,
      perClass: evaluation.classes.map {
        ClassAccuracy(
          $0.name, support: $0.support, precision: $0.precision, recall: $0.recall, f1: $0.f1, auc: $0.auc,
          specificity: $0.specificity, averagePrecision: $0.averagePrecision,
          sensitivityAtSpecificity: $0.sensitivityAtSpecificity)
      },
      confusion: evaluation.confusion)
  }

  /// Means over labels, and labels in the place of classes.
  init(_ measures: MultiLabelMeasures, _ names: [String]) {
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

extension AccuracyReport.Deltas {
  init(_ deltas: MeasureIntervals) {
    self.init(
      top1: deltas.top1.map(Estimate.init), macroF1: deltas.macroF1.map(Estimate.init),
      auc: deltas.auc.map(Estimate.init), balancedAccuracy: deltas.balancedAccuracy.map(Estimate.init),
      perClass: deltas.classes.map {
        AccuracyReport.ClassDelta(
          $0.name, recall: $0.recall.map(Estimate.init), precision: $0.precision.map(Estimate.init),
          auc: $0.auc.map(Estimate.init), specificity: $0.specificity.map(Estimate.init),
          sensitivityAtSpecificity: $0.sensitivityAtSpecificity.map(Estimate.init))
      })
  }

  /// Means over labels, and labels in the place of classes.
  init(_ deltas: MultiLabelIntervals, _ names: [String]) {
    func estimate(_ interval: ConfidenceInterval?) -> Estimate? { interval.map(Estimate.init) }
    self.init(
      macroF1: estimate(deltas.macro[.f1]), auc: estimate(deltas.macro[.rocAUC]),
      balancedAccuracy: estimate(deltas.macro[.balancedAccuracy]),
      perClass: zip(names, deltas.labels).map { name, label in
        AccuracyReport.ClassDelta(
          name, recall: estimate(label[.sensitivity]), precision: estimate(label[.ppv]),
          auc: estimate(label[.rocAUC]), specificity: estimate(label[.specificity]))
      })
  }
}

extension BinaryReport {
  init(_ comparison: BinaryComparison) {
    self.init(
      float: comparison.float.map { Figures($0) }, compiled: Figures(comparison.compiled),
      intervals: comparison.intervals.mapValues(Estimate.init), deltas: comparison.deltas.mapValues(Estimate.init))
  }

  init(_ comparison: MultiLabelComparison, label: Int) {
    self.init(
      float: comparison.float.map { Figures($0.labels[label]) }, compiled: Figures(comparison.compiled.labels[label]),
      intervals: comparison.intervals.labels[label].mapValues(Estimate.init),
      deltas: comparison.deltas?.labels[label].mapValues(Estimate.init) ?? [:])
  }
}

extension MultiLabelReport {
  init(labels: [Label], _ comparison: MultiLabelComparison) {
    let (before, after) = (comparison.float, comparison.compiled)
    let (intervals, deltas) = (comparison.intervals, comparison.deltas)
    self.init(labels: labels)
    macro = BinaryReport(
      float: before.map { .init(values: $0.macro) }, compiled: .init(values: after.macro),
      intervals: intervals.macro.mapValues(Estimate.init), deltas: deltas?.macro.mapValues(Estimate.init) ?? [:])
    micro = BinaryReport(
      float: before.map { .init($0.micro) }, compiled: .init(after.micro),
      intervals: intervals.micro.mapValues(Estimate.init), deltas: deltas?.micro.mapValues(Estimate.init) ?? [:])
    exactMatch = Figure(
      float: before?.exactMatch, compiled: after.exactMatch, delta: deltas?.exactMatch.map(Estimate.init))
    hammingLoss = Figure(
      float: before?.hammingLoss, compiled: after.hammingLoss, delta: deltas?.hammingLoss.map(Estimate.init))
  }
}

extension SubgroupReport {
  init(_ subgroup: Subgroup) {
    self.init(
      column: subgroup.column, value: subgroup.value, samples: subgroup.samples, groups: subgroup.groups,
      figures: subgroup.figures.map { figure in
        Figure(
          figure.measure, float: figure.float, compiled: figure.compiled,
          delta: figure.delta.map { Estimate($0).widened(margin: figure.margin) })
      })
  }
}

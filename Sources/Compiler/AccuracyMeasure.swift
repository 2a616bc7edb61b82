package import Metrics
package import Reports

/// Metrics of two models on the same samples, as reports hold them.
package enum AccuracyMeasure {
  /// Both models against labels, with bootstrap intervals of the differences.
  package static func labelled(
    float: [[Float]], compiled: [[Float]], labels: [Int], classes: [String]
  ) throws(Diagnostic) -> AccuracyReport {
    let names = classNames(classes, scores: float)
    let comparison = try measuring { () throws(MetricsError) in
      try Comparison(
        float: Scores(rows: float), compiled: Scores(rows: compiled), labels: labels, classNames: names)
    }
    var report = AccuracyReport(data: .labelled, samples: comparison.samples, classes: names)
    fill(&report, comparison)
    if let labelled = comparison.labelled {
      report.float = ModelAccuracy(labelled.float)
      report.compiled = ModelAccuracy(labelled.compiled)
      report.deltas = AccuracyReport.Deltas(
        top1: labelled.deltas.top1.map(Estimate.init), macroF1: labelled.deltas.macroF1.map(Estimate.init),
        auc: labelled.deltas.auc.map(Estimate.init),
        perClass: labelled.deltas.classes.map {
          AccuracyReport.ClassDelta(
            $0.name, recall: $0.recall.map(Estimate.init), precision: $0.precision.map(Estimate.init),
            auc: $0.auc.map(Estimate.init))
        })
      report.mcNemarP = labelled.mcNemarP
    }
    report.widenUnchanged()
    return report
  }

  /// How alike two models answer. A single score for each sample has no classes to agree on: only its distance is told.
  package static func unlabelled(
    float: [[Float]], compiled: [[Float]], data: AccuracyReport.Data
  ) throws(Diagnostic) -> AccuracyReport {
    if float.allSatisfy({ $0.count == 1 }) {
      var report = AccuracyReport(data: data, samples: float.count)
      fill(&report, try measuring { () throws(MetricsError) in try OutputDistance(of: compiled, from: float) })
      return report
    }
    let comparison = try measuring { () throws(MetricsError) in
      try Comparison(float: Scores(rows: float), compiled: Scores(rows: compiled), labels: nil, classNames: [])
    }
    var report = AccuracyReport(data: data, samples: comparison.samples)
    fill(&report, comparison)
    report.widenUnchanged()
    return report
  }

  /// One model against labels.
  package static func single(_ scores: [[Float]], labels: [Int], classes: [String]) throws(Diagnostic) -> Evaluation {
    try measuring { () throws(MetricsError) in
      try Evaluation(
        LabelledScores(Scores(rows: scores), labels: labels), classNames: classNames(classes, scores: scores))
    }
  }

  /// Names for all outputs: those the data know, numbers for the rest.
  private static func classNames(_ classes: [String], scores: [[Float]]) -> [String] {
    let count = scores.first?.count ?? classes.count
    return classes + (min(classes.count, count)..<count).map { "\($0)" }
  }

  private static func fill(_ report: inout AccuracyReport, _ comparison: Comparison) {
    let divergence = comparison.divergence
    report.agreement =
      comparison.agreement.map(Estimate.init) ?? Estimate(divergence.agreement)
    report.divergence = divergence.kl
    fill(&report, divergence.distance)
  }

  private static func fill(_ report: inout AccuracyReport, _ distance: OutputDistance) {
    report.outputSQNR = distance.sqnr.isFinite ? distance.sqnr : nil
    report.cosine = distance.cosine
    report.maximumRelativeError = distance.maximumRelativeError.isFinite ? distance.maximumRelativeError : nil
  }

  private static func measuring<Result>(_ body: () throws(MetricsError) -> Result) throws(Diagnostic) -> Result {
    do throws(MetricsError) { return try body() } catch { throw .refused("\(error)") }
  }
}

extension Estimate {
  init(_ interval: ConfidenceInterval) { self.init(interval.value, low: interval.low, high: interval.high) }
}

extension ModelAccuracy {
  package init(_ evaluation: Evaluation) {
    self.init(
      top1: evaluation.top1, macroF1: evaluation.macroF1, auc: evaluation.auc, ece: evaluation.ece,
      logLoss: evaluation.logLoss, brier: evaluation.brier,
      perClass: evaluation.classes.map {
        ClassAccuracy(
          $0.name, support: $0.support, precision: $0.precision, recall: $0.recall, f1: $0.f1, auc: $0.auc)
      },
      confusion: evaluation.confusion)
  }
}

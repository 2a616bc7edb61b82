import CanonicalJSON
import Metrics

extension BudgetDraft {
  /// Limits on how sure answers are to be taken, where the report tells.
  static func addCertainty(_ report: Report, _ members: inout JSONObject) {
    guard let uncertainty = report.uncertainty, let measured = uncertainty.measured else { return }
    members["// certainty"] = .string(
      "How sure answers are, on \(Figures.count(measured.samples, "image")): the worse ends of 95 % intervals. coverage "
        + "is how often a prediction set has the right class, answered how many images the model does not abstain "
        + "from, risk how many of these are wrong.")
    let figures = measured.compiled.figures
    if let coverage = figures[.coverage] { members["min_coverage"] = least(coverage.value, coverage.low) }
    let classes = byClass(uncertainty) { least($0.value, $0.low) }
    if !classes.isEmpty { members["min_coverage_per_class"] = .object(classes) }
    for (key, measure) in [
      ("max_mean_set_size", CertaintyMeasure.setSize), ("max_calibrated_ece", .ece), ("max_aurc", .aurc),
      ("max_risk", .risk),
    ] {
      guard let figure = figures[measure] else { continue }
      let highest = max(figure.value, figure.high ?? figure.value)
      members[key] = .double(up(measure == .setSize ? highest : min(1, highest)))
    }
    if let answered = figures[.answered] { members["min_answered"] = least(answered.value, answered.low) }
  }

  /// How much worse than a baseline they may be.
  static func addCertaintyChanges(_ report: Report, _ changes: inout JSONObject) {
    guard let uncertainty = report.uncertainty, let figures = uncertainty.measured?.compiled.figures else { return }
    for (key, measure) in [
      ("min_coverage", CertaintyMeasure.coverage), ("max_calibrated_ece", .ece), ("max_aurc", .aurc),
      ("min_answered", .answered),
    ] where figures[measure] != nil { changes[key] = 0.02 }
    let classes = byClass(uncertainty) { _ in 0.05 }
    if !classes.isEmpty { changes["min_coverage_per_class"] = .object(classes) }
  }

  private static func byClass(_ report: UncertaintyReport, _ limit: (Estimate) -> JSON) -> JSONObject {
    var classes = JSONObject()
    for (name, figures) in zip(report.classes, report.measured?.compiled.classes ?? []) {
      classes[name] = figures.coverage.map(limit)
    }
    return classes
  }
}

import Metrics

extension Limit {
  /// Limits on how sure the compiled model's answers are to be taken, in the order they are listed in.
  static let certainty: [Limit] = [
    Limit("min_coverage", .atLeast, .fraction, .coverage).counting(.covered),
    coverageByClass,
    Limit("max_mean_set_size", .atMost, .classes, .setSize),
    Limit("max_calibrated_ece", .atMost, .fraction, .ece),
    Limit("max_aurc", .atMost, .fraction, .aurc),
    Limit("min_answered", .atLeast, .fraction, .answered).counting(.answered),
    Limit("max_risk", .atMost, .fraction, .risk),
  ]

  private init(_ key: String, _ direction: Direction, _ unit: Unit, _ measure: CertaintyMeasure) {
    self.init(
      key: key, direction: direction, unit: unit, basis: .answers,
      figure: .whole { report, _ in report.certainty(measure) })
    certain = { report, _ in (report.measured?.compiled.figures[measure], report.measured?.deltas[measure]) }
  }

  private static var coverageByClass: Limit {
    var limit = Limit(
      key: "min_coverage_per_class", direction: .atLeast, unit: .fraction, basis: .answers,
      figure: .perClass { report, name, _ in report.coverage(ofClass: name) })
    limit.counted = .covered
    limit.certain = { report, name in
      guard let classes = report.measured?.compiled.classes, let index = report.classes.firstIndex(of: name),
        classes.indices.contains(index)
      else { return (nil, nil) }
      return (classes[index].coverage, nil)
    }
    return limit
  }
}

import Answers
import DataSets
import Metrics
import Reports
import Runtime
import Tensors

extension Compilation {
  /// What was fitted on the labelled samples kept for it, of both models.
  struct FittedUncertainty {
    let float: UncertaintyFit
    let compiled: UncertaintyFit
    let data: Report.DataSummary
    let warnings: [String]

    /// What there is to report, with how it proves on the evaluation data where there are some.
    func report(
      _ decision: DecisionOutput, _ evaluation: LabelledData?, _ outcome: FloatComparison.Outcome?
    ) throws(Refusal) -> UncertaintyReport {
      var report = UncertaintyReport(fitted: compiled.uncertainty.json, data: data)
      report.floatFitted = float.uncertainty.json
      guard let evaluation, let outcome else { return report }
      let samples = evaluation.samples
      let labels = outcome.used.map { samples.labels[$0] }
      report.measured = try CertaintyComparison(
        float: float.uncertainty.outcomes(decision, runs: outcome.float, labels: labels),
        compiled: compiled.uncertainty.outcomes(decision, runs: outcome.compiled, labels: labels),
        groups: samples.groups?.groups(of: outcome.used))
      let count = decision.meaning.classCount
      report.classes = (0..<count).map(evaluation.classes.className)
      return report
    }
  }

  /// Fits how sure answers are to be taken; nil where that was not asked for.
  func uncertainty(
    _ source: CompilationSource, _ comparison: FloatComparison, _ plans: (float: Plan, compiled: Plan),
    _ decision: DecisionOutput
  ) throws(Refusal) -> FittedUncertainty? {
    guard let settings = request.uncertainty, let data = source.fitting else { return nil }
    let samples = Array(data.loader.samples.indices)
    let (float, compiled, used) = try comparison.outputs(plans, decision.position, data.loader, samples)
    guard !used.isEmpty else { throw data.loader.nothingReadable(data.path) }
    var warnings: [String] = []
    if let evaluation = source.evaluation {
      let overlap = SampleOverlap(data.loader, samples: samples, with: evaluation.loader)
      guard !overlap.isAll else {
        throw Refusal(
          file: data.path,
          reason: "holds all evaluation samples, on which what is fitted to them would look better than it is: fit on "
            + "others")
      }
      if let warning = overlap.warning(
        "evaluation samples", done: "fitted on (--calibrate-probabilities)", origin: "samples fitted on")
      {
        warnings.append(warning)
      }
    }
    let known = data.samples
    func fit(_ runs: [[Float]]) throws(Refusal) -> UncertaintyFit {
      try UncertaintyFit(
        settings, decision, runs: runs, labels: used.map { known.labels[$0] }, groups: known.groups?.groups(of: used),
        classes: data.classes, data: data.loader.summary, seed: request.recipe.seed,
        split: settings.split(of: data, seed: request.recipe.seed))
    }
    let fitted = try fit(compiled)
    return FittedUncertainty(
      float: try fit(float), compiled: fitted, data: data.loader.summary, warnings: warnings + fitted.warnings)
  }
}

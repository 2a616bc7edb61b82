import Answers
import DataSets
import Explanations
import IR
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
    /// Both models with what unlike images are told by; nil where that is in their outputs.
    let networks: (float: PooledNetwork, compiled: PooledNetwork)?

    /// How far evaluation samples are from those fitted on, by each model; nil where nothing was fitted of that.
    func distances(
      _ evaluation: LabelledData?, _ outcome: FloatComparison.Outcome?, threads: Int, _ observer: any WorkObserver
    ) throws(Refusal) -> (float: [Float]?, compiled: [Float]?) {
      guard let networks, let evaluation, let outcome else { return (nil, nil) }
      func distances(_ fit: UncertaintyFit, _ network: PooledNetwork) throws(Refusal) -> [Float]? {
        guard let distance = fit.uncertainty.distance else { return nil }
        return try network.run(
          on: evaluation.loader, samples: outcome.used, threads: threads, observer, "Measuring distances"
        ) { distance.distance($0) }
      }
      return (try distances(float, networks.float), try distances(compiled, networks.compiled))
    }

    /// What there is to report, with how it proves on the evaluation data where there are some.
    func report(
      _ decision: DecisionOutput, _ evaluation: LabelledData?, _ outcome: FloatComparison.Outcome?,
      _ distances: (float: [Float]?, compiled: [Float]?)
    ) throws(Refusal) -> UncertaintyReport {
      var report = UncertaintyReport(fitted: compiled.uncertainty.summary, data: data)
      report.floatFitted = float.uncertainty.summary
      guard let evaluation, let outcome else { return report }
      let samples = evaluation.samples
      let labels = outcome.used.map { samples.labels[$0] }
      report.measured = try CertaintyComparison(
        float: float.uncertainty.outcomes(decision, runs: outcome.float, labels: labels, distances: distances.float),
        compiled: compiled.uncertainty.outcomes(
          decision, runs: outcome.compiled, labels: labels, distances: distances.compiled),
        groups: samples.groups?.groups(of: outcome.used))
      let count = decision.meaning.classCount
      report.classes = (0..<count).map(evaluation.classes.className)
      return report
    }
  }

  /// Fits how sure answers are to be taken; nil where that was not asked for.
  ///
  /// - Parameter graphs: those of the plans
  func uncertainty(
    _ source: CompilationSource, _ comparison: FloatComparison, _ plans: (float: Plan, compiled: Plan),
    _ graphs: (float: Graph, compiled: Graph), _ decision: DecisionOutput
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
    func fit(_ runs: [[Float]], _ network: PooledNetwork?) throws(Refusal) -> UncertaintyFit {
      let features = try network.map { (network) throws(Refusal) in
        DistanceFit.Features(
          activation: network.pooled.name,
          rows: try network.run(
            on: data.loader, samples: used, threads: request.threads, observer, "Reading features", take: \.self))
      }
      return try UncertaintyFit(
        settings, decision, runs: runs, labels: used.map { known.labels[$0] }, groups: known.groups?.groups(of: used),
        classes: data.classes, data: data.loader.summary, features: features, seed: request.recipe.seed,
        split: settings.split(of: data, seed: request.recipe.seed))
    }
    let network = try settings.network(graphs.compiled, decision, source.data, path: request.model)
    let original = try settings.network(graphs.float, decision, source.data, path: request.model)
    let fitted = try fit(compiled, network)
    let networks: (float: PooledNetwork, compiled: PooledNetwork)? =
      if let original, let network { (original, network) } else { nil }
    return FittedUncertainty(
      float: try fit(float, original), compiled: fitted, data: data.loader.summary,
      warnings: warnings + fitted.warnings, networks: networks)
  }
}

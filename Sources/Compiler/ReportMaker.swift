import IR
import Math
import Passes
import Quantization
import Reports
import Runtime
import Tensors

/// Gathers what a compilation found into its report.
struct ReportMaker {
  let model: LoadedModel
  /// The hash of the model's file.
  let source: SHA256
  let recipe: Recipe
  let compiled: Graph
  let plan: Plan
  let log: PassLog
  let decisions: [LayerDecision]
  let layerErrors: LayerErrors?
  let accuracy: AccuracyReport?
  let bundle: Report.BundleFile
  let calibration: Report.CalibrationSummary?

  func report() -> Report {
    let layers = LayerReport.all(
      compiled, decisions: decisions, signalToNoise: layerErrors?.signalToNoise ?? [:])
    var report = Report(
      dermc: Provenance.version,
      source: Report.Source(
        path: model.path, format: model.format.rawValue, bytes: model.fileBytes, sha256: source.hex),
      recipe: recipe.json, stats: ModelStatistics(model.graph).json(perLayer: false), compiled: figures(layers))
    report.bundle = bundle
    report.calibration = calibration
    report.accuracy = accuracy
    report.passes = Report.PassSummary.all(log)
    report.layers = layers
    report.warnings = warnings(layers)
    return report
  }

  private func figures(_ layers: [LayerReport]) -> Report.CompiledFigures {
    let statistics = ModelStatistics(compiled)
    let effective = layers.reduce(0.0) { $0 + Double($1.macs) * (1 - ($1.sparsity ?? 0)) }
    return Report.CompiledFigures(
      parameters: statistics.parameters, macs: statistics.macs, bytes: statistics.weightBytes,
      peakActivationBytes: plan.peakActivationBytes, arenaBytes: plan.arenaBytes, packedBytes: plan.packedBytes,
      effectiveMACs: Int(effective))
  }

  private func warnings(_ layers: [LayerReport]) -> [String] {
    var warnings: [String] = []
    if let calibration {
      if !calibration.skipped.isEmpty {
        warnings.append("\(Figures.count(calibration.skipped.count, "calibration sample")) could not be used")
      }
      if calibration.samples < 16 {
        warnings.append(
          "only \(Figures.count(calibration.samples, "calibration sample")): ranges may miss what the model will see")
      }
    }
    let raised = layers.reduce(0) { $0 + $1.raisedScales }
    if raised > 0 {
      warnings.append("\(raised) nearly dead channels got a larger weight scale so that their bias fits int32")
    }
    return warnings
  }
}

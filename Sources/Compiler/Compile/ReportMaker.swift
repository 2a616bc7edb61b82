import Hashing
import IR
import Math
import Metrics
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
  /// What running the compiled model takes of memory.
  let memory: PlanMemory
  let log: PassLog
  let decisions: [LayerDecision]
  let layerErrors: LayerErrors?
  let accuracy: AccuracyReport?
  let bundle: Report.BundleFile
  let calibration: Report.CalibrationSummary?

  func report() -> Report {
    let layers = LayerReport.all(
      compiled, decisions: decisions, signalToNoise: layerErrors?.signalToNoise ?? [:],
      sections: bundle.sections)
    var statistics = ModelStatistics(model.graph)
    statistics.layers = []
    var report = Report(
      dermc: Provenance.version,
      source: Report.Source(
        path: model.path, format: model.format.rawValue, bytes: model.fileBytes, sha256: source.hex),
      recipe: recipe, stats: statistics, compiled: figures(layers))
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
      peakActivationBytes: statistics.peakActivationBytes, memory: memory, effectiveMACs: Int(effective))
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
    warnings += unlikeFloat(layers)
    if let warning = notTakenOver(layers) { warnings.append(warning) }
    return warnings
  }

  /// Layers of a model that quantizes itself which run in float all the same.
  private func notTakenOver(_ layers: [LayerReport]) -> String? {
    let refused = log.entries.filter { $0.pass == Pass.takeOverQuantization.name && $0.outcome == .refused }
    let float = Set(layers.filter(\.isFloat).map(\.name))
    let left = refused.filter { float.contains($0.node) }
    guard let first = left.first else { return nil }
    let which = left.count == 1 ? first.node : "the first, \(first.node)"
    return "\(Figures.count(left.count, "layer")) of a model that quantizes itself "
      + "\(left.count == 1 ? "stays" : "stay") float32, weights dequantized (\(which): \(first.detail)); "
      + "--int8 --calib DIR quantizes what can be"
  }

  /// Below this the noise of a layer is more than half of its signal.
  private static let leastDecibels = 3.0
  /// Below this the compiled model gives another answer more often than not.
  private static let leastAgreement = 0.5

  /// Below this users who took channels away should know it.
  private static let leastAgreementOfChannels = 0.95

  /// Layers and answers that cannot be what the float model computes, as far as the samples at hand tell.
  private func unlikeFloat(_ layers: [LayerReport]) -> [String] {
    var warnings: [String] = []
    let unlike = layers.filter { ($0.outputSQNR ?? .infinity) < ReportMaker.leastDecibels }
    if let worst = unlike.min(by: { ($0.outputSQNR ?? 0) < ($1.outputSQNR ?? 0) }) {
      let which = "\(worst.name) (\(worst.op), \(Figures.decibels(worst.outputSQNR)))"
      warnings.append(
        (unlike.count == 1 ? "layer \(which) is" : "\(unlike.count) layers are")
          + " not like the float model's" + (unlike.count == 1 ? "" : ", least of all \(which)"))
    }
    if let accuracy {
      let samples = Figures.count(accuracy.samples, accuracy.data.noun)
      if let level = accuracy.outputSQNR, level < ReportMaker.leastDecibels {
        warnings.append("the outputs are not like the float model's: \(Figures.decibels(level)) on \(samples)")
      }
      if let agreement = accuracy.agreement?.value, agreement < ReportMaker.leastAgreement {
        warnings.append("the compiled model agrees with the float model on \(Figures.percent(agreement)) of \(samples)")
      }
    }
    if !warnings.isEmpty, recipe.isPruning {
      let options =
        (recipe.pruneFraction > 0 ? ["--prune"] : []) + (recipe.channelFraction > 0 ? ["--prune-channels"] : [])
      warnings[0] += "; prune less (\(options.joined(separator: ", ")))"
    }
    if let agreement = accuracy?.agreement?.value, recipe.channelFraction > 0,
      agreement < ReportMaker.leastAgreementOfChannels
    {
      warnings.append(
        "with channels removed the model agrees with the float model on \(Figures.percent(agreement)): "
          + "without training it again that is what is left (--prune-channels)")
    }
    if accuracy?.data == .calibration {
      warnings.append(
        "too few calibration samples to hold any back: the models are compared on those ranges were taken from")
    }
    if accuracy == nil, recipe.int8 && calibration != nil || recipe.isPruning {
      warnings.append(
        calibration == nil
          ? "nothing tells what pruning changed: give --calib or --eval"
          : calibration?.parts != nil
            ? "nothing tells what compiling changed: --calib holds counts, no images; give --eval"
            : "nothing tells what compiling changed: no sample to compare on could be used")
    }
    return warnings
  }
}

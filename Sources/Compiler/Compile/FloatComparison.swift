import Answers
import DataSets
import IR
import Metrics
import Quantization
import Reports
import Runtime
import Tensors

/// Compares the compiled model with the float one.
struct FloatComparison {
  /// Samples per-layer errors are measured on.
  private static let layerSamples = 4

  let threads: Int
  let observer: any WorkObserver
  private(set) var layerErrors: LayerErrors?

  init(threads: Int, observer: any WorkObserver) {
    self.threads = threads
    self.observer = observer
  }

  /// Measures the noise of every value on a few samples, held-back ones where there are some.
  mutating func measureLayers(
    _ plans: (float: Plan, compiled: Plan), _ original: Graph, _ compiled: Graph, _ data: CalibrationData
  ) {
    let samples = data.comparable.samples.prefix(FloatComparison.layerSamples)
    layerErrors = LayerErrors(
      float: plans.float, floatGraph: original, int8: plans.compiled, int8Graph: compiled, source: data.loader,
      samples: Array(samples))
  }

  /// What was found out about the compiled model's answers.
  struct Outcome {
    let accuracy: AccuracyReport
    /// What both models say of each labelled sample.
    var predictions: PredictionTable?
    /// The outputs of the float model, and the samples they are of.
    let float: [[Float]]
    let used: [Int]
  }

  /// Accuracy on labelled data where there are some, else how alike both models answer on held-back samples, or on
  /// those calibrated with where there are too few to hold any back.
  ///
  /// - Parameter decision: gets the threshold, where it is to be chosen on labelled data
  func outcome(
    _ plans: (float: Plan, compiled: Plan), _ decision: inout DecisionOutput, _ settings: AnswerSettings,
    evaluation: LabelledData?, calibration: CalibrationData?
  ) throws(Refusal) -> Outcome? {
    if let evaluation {
      let samples = Array(evaluation.loader.samples.indices)
      let (float, compiled, used) = outputs(plans, decision.position, evaluation.loader, samples)
      guard !used.isEmpty else { throw evaluation.loader.nothingReadable(evaluation.path) }
      try decision.chooseThreshold(settings, on: compiled, evaluation, used: used)
      let accuracy = try AccuracyMeasure.pair(
        float: decision.measured(float), compiled: decision.measured(compiled),
        decision.request(evaluation, used: used, settings))
      let predictions = PredictionTable(
        evaluation, used: used, float: (decision, float), compiled: (decision, compiled))
      return Outcome(accuracy: accuracy, predictions: predictions, float: float, used: used)
    }
    guard let calibration else { return nil }
    let (samples, data) = calibration.comparable
    let (float, compiled, used) = outputs(plans, decision.position, calibration.loader, samples)
    guard !used.isEmpty else { return nil }
    return Outcome(
      accuracy: try AccuracyMeasure.pair(
        float: decision.measured(float), compiled: decision.measured(compiled), decision.request(data)),
      float: float, used: used)
  }

  private func outputs(
    _ plans: (float: Plan, compiled: Plan), _ output: Int, _ loader: SampleLoader, _ samples: [Int]
  ) -> (float: [[Float]], compiled: [[Float]], used: [Int]) {
    observer.begin("Evaluating", count: 2 * samples.count)
    defer { observer.end() }
    let advance: @Sendable () -> Void = { observer.advance() }
    let float = Inference.run(
      plans.float, on: loader, samples: samples, threads: threads, output: output, progress: advance)
    let compiled = Inference.run(
      plans.compiled, on: loader, samples: samples, threads: threads, output: output, progress: advance)
    let used = samples.indices.filter { float[$0] != nil && compiled[$0] != nil }
    return (used.compactMap { float[$0] }, used.compactMap { compiled[$0] }, used.map { samples[$0] })
  }
}

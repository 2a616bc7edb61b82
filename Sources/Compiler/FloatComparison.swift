import Answers
import DataSets
import IR
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

  /// Accuracy on labelled data where there are some, else how alike both models answer on held-back samples, or on
  /// those calibrated with where there are too few to hold any back.
  func accuracy(
    _ plans: (float: Plan, compiled: Plan), outputs: OutputRows, evaluation: LabelledData?,
    calibration: CalibrationData?
  ) throws(Diagnostic) -> AccuracyReport? {
    if let evaluation {
      let samples = Array(evaluation.loader.samples.indices)
      let (float, compiled, used) = scores(plans, evaluation.loader, samples)
      guard !used.isEmpty else { throw evaluation.loader.nothingReadable(evaluation.path) }
      var request = MeasureRequest(data: .labelled, task: nil, classes: evaluation.classes)
      request.truth = .classes(used.map { evaluation.labels[$0] })
      return try AccuracyMeasure.pair(
        float: GuessedAnswers.measured(float), compiled: GuessedAnswers.measured(compiled), request)
    }
    guard let calibration else { return nil }
    let (samples, data) = calibration.comparable
    let (float, compiled, used) = scores(plans, calibration.loader, samples)
    guard !used.isEmpty else { return nil }
    return try AccuracyMeasure.pair(
      float: GuessedAnswers.measured(float.flatMap(outputs.rows)),
      compiled: GuessedAnswers.measured(compiled.flatMap(outputs.rows)), MeasureRequest(data: data, task: nil))
  }

  private func scores(
    _ plans: (float: Plan, compiled: Plan), _ loader: SampleLoader, _ samples: [Int]
  ) -> (float: [[Float]], compiled: [[Float]], used: [Int]) {
    observer.begin("Evaluating", count: 2 * samples.count)
    defer { observer.end() }
    let advance: @Sendable () -> Void = { observer.advance() }
    let float = Inference.run(plans.float, on: loader, samples: samples, threads: threads, progress: advance)
    let compiled = Inference.run(plans.compiled, on: loader, samples: samples, threads: threads, progress: advance)
    let used = samples.indices.filter { float[$0] != nil && compiled[$0] != nil }
    return (used.compactMap { float[$0] }, used.compactMap { compiled[$0] }, used.map { samples[$0] })
  }
}

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
  static let layerSamples = 4

  let threads: Int
  let observer: any WorkObserver
  /// What the float model answers, where others have asked it before.
  private let answers: SharedWork<CompilationSource.Asked, [[Float]?]>
  private(set) var layerErrors: LayerErrors?

  init(threads: Int, observer: any WorkObserver, answers: SharedWork<CompilationSource.Asked, [[Float]?]>) {
    self.threads = threads
    self.observer = observer
    self.answers = answers
  }

  /// Measures the noise of every value on a few samples.
  ///
  /// - Parameters:
  ///   - factors: by the names of values whose channels were divided by them
  ///   - samples: of which the first are used
  mutating func measureLayers(
    _ plans: (float: Plan, compiled: Plan), _ original: Graph, _ compiled: Graph, factors: [String: [Float]],
    _ loader: SampleLoader, _ samples: [Int]
  ) {
    layerErrors = LayerErrors(
      float: plans.float, floatGraph: original, int8: plans.compiled, int8Graph: compiled, factors: factors,
      source: loader, samples: Array(samples.prefix(FloatComparison.layerSamples)))
  }

  /// What was found out about the compiled model's answers.
  struct Outcome {
    let accuracy: AccuracyReport
    /// What both models say of each labelled sample.
    var predictions: PredictionTable?
    /// The outputs of both models, and the samples they are of.
    let float: [[Float]]
    let compiled: [[Float]]
    let used: [Int]

    /// The mean of what the compiled model's answers cost, with the interval that draws of as many samples, or groups
    /// of them, give.
    func cost(_ decision: DecisionOutput, groups: GroupColumn?) -> Estimate? {
      let cost = OutputCost(decision.meaning, decision.rows)
      let costs = zip(float, compiled).map { cost(float: $0, other: $1) / Double(decision.rows.batch) }
      let groups = groups?.groups(of: used)
      return Bootstrap().intervals(samples: costs.count, groups: groups) { weights in
        var (sum, count) = (0.0, 0)
        for (cost, weight) in zip(costs, weights) {
          sum += Double(weight) * cost
          count += weight
        }
        return [count > 0 ? sum / Double(count) : nil]
      }[0]
    }
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
      let labelled = evaluation.samples
      let samples = Array(evaluation.loader.samples.indices)
      let (float, compiled, used) = try outputs(plans, decision.position, evaluation.loader, samples)
      guard !used.isEmpty else { throw evaluation.loader.nothingReadable(evaluation.path) }
      try decision.chooseThreshold(settings, on: compiled, labelled, used: used)
      let accuracy = try AccuracyMeasure.pair(
        float: decision.measured(float), compiled: decision.measured(compiled),
        decision.request(labelled, used: used, settings))
      let predictions = PredictionTable(
        labelled, used: used, float: (decision, float), compiled: (decision, compiled))
      return Outcome(accuracy: accuracy, predictions: predictions, float: float, compiled: compiled, used: used)
    }
    guard let calibration else { return nil }
    let (samples, data) = calibration.comparable
    let (float, compiled, used) = try outputs(plans, decision.position, calibration.loader, samples)
    guard !used.isEmpty else { return nil }
    return Outcome(
      accuracy: try AccuracyMeasure.pair(
        float: decision.measured(float), compiled: decision.measured(compiled), decision.request(data)),
      float: float, compiled: compiled, used: used)
  }

  /// What both models put out for the samples that could be read, and which these are.
  func outputs(
    _ plans: (float: Plan, compiled: Plan), _ output: Int, _ loader: SampleLoader, _ samples: [Int]
  ) throws(Refusal) -> (float: [[Float]], compiled: [[Float]], used: [Int]) {
    func outputs(of plan: Plan, _ name: String) -> [[Float]?] {
      observer.begin(name, count: samples.count)
      defer { observer.end() }
      return Inference.run(plan, on: loader, samples: samples, threads: threads, output: output) { [observer] in
        observer.advance()
      }
    }
    let float = try answers(CompilationSource.Asked(loader: ObjectIdentifier(loader), samples: samples)) {
      outputs(of: plans.float, "Evaluating float")
    }
    let compiled = outputs(of: plans.compiled, "Evaluating")
    let used = samples.indices.filter { float[$0] != nil && compiled[$0] != nil }
    return (used.compactMap { float[$0] }, used.compactMap { compiled[$0] }, used.map { samples[$0] })
  }
}

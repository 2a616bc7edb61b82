import Answers
import IR
import Math
import Quantization
import Reports
import Runtime
import Tensors

/// From a float graph and calibration samples to the int8 network. What there is to choose is chosen by what it costs
/// at the output, on samples that had no part in it.
struct Int8Stage {
  let graph: Graph
  /// Of the graph.
  let plan: Plan
  let recipe: Recipe
  let decision: DecisionOutput
  let calibration: CalibrationData
  let threads: Int
  let observer: any WorkObserver
  /// What a target's ratio is of, and what a graph's bundle would take.
  let sourceBytes: Int
  let bundleSize: (Graph) throws(Refusal) -> Int
  /// Fails where the samples do not do.
  let check: ([ValueID: Observation]) throws(Refusal) -> Void

  /// The network, and how it came about.
  struct Outcome {
    let model: QuantizedModel
    let ranges: RangeSearch.Choice
    var weights: WeightSearch.Choice?
    var steps: StepSearch.Choice?
  }

  func run() throws(Refusal) -> Outcome {
    var options = Quantizer.Options()
    options.correctsBias = recipe.correctsBias
    options.keptFloat = try KeptLayers.nodes(named: recipe.keptFloat, in: graph)
    let halves = calibration.halves
    let isJudged = recipe.isSearched || recipe.target != nil
    let learning = isJudged ? halves.ranging : calibration.calibration
    let seen = observe(learning)
    var observations = seen
    if isJudged {
      for (value, observation) in observe(halves.judging) {
        observations[value, default: Observation()].merge(observation)
      }
    }
    try check(observations)
    let judge =
      isJudged
      ? OutputJudge(
        plan, decision, calibration.loader, samples: halves.judging, threads: threads, observer: observer) : nil
    var ranges = RangeSearch.Choice(estimator: recipe.estimator ?? RangeSearch.estimators[0])
    if recipe.estimator == nil {
      ranges = try RangeSearch.run(
        Quantizer(graph, observations: seen, options: options), judge: judge, threads: threads)
    }
    options.estimator = ranges.estimator
    let quantizer = Quantizer(graph, observations: observations, options: options)
    let network = try UnroundedNetwork(
      quantizer, quantizer.quantizations(by: ranges.estimator, threads: threads), threads: threads)
    guard let target = recipe.target else {
      let search = WeightSearch(
        graph: graph, plan: plan, loader: calibration.loader, learning: learning, all: calibration.calibration,
        observations: observations, observer: observer)
      let choice = try search.run(network, recipe, judge: judge)
      return Outcome(model: choice.model, ranges: ranges, weights: choice)
    }
    let learner = try RoundingLearner(network, float: plan, loader: calibration.loader, observer: observer)
    let search = StepSearch(
      target: target, sourceBytes: sourceBytes, size: bundleSize, sensitivity: try sensitivity(), seed: recipe.seed,
      samples: halves)
    let choice = try search.run(learner, judge: judge)
    return Outcome(model: choice.model, ranges: ranges, steps: choice)
  }

  private func sensitivity() throws(Refusal) -> SensitivityMeasure {
    try SensitivityMeasure(
      graph, output: decision.position, answer: decision.meaning.answerKind, batch: decision.rows.batch,
      math: MathLibrary.kernels.math())
  }

  private func observe(_ samples: [Int]) -> [ValueID: Observation] {
    observer.begin("Calibrating", count: samples.count)
    defer { observer.end() }
    let calibrator = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph))
    return calibrator.run(calibration.loader, samples: samples, threads: threads) { [observer] _ in observer.advance() }
  }
}

import Answers
import IR
import Quantization
import Reports
import Runtime
import Tensors

/// From a float graph and calibration samples to the int8 network. What there is to choose is chosen by what it costs
/// at the output, on samples that had no part in it.
struct Int8Stage {
  /// The graph, and what other recipes learned of it.
  let float: FloatNetwork
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
    var precision: Report.PrecisionSearchSummary?
  }

  var graph: Graph { float.graph }
  var plan: Plan { float.plan }

  func run() throws(Refusal) -> Outcome {
    var options = Quantizer.Options()
    options.correctsBias = recipe.correctsBias
    options.keptFloat = try KeptLayers.nodes(named: recipe.keptFloat, in: graph)
    let halves = calibration.halves
    let isJudged = recipe.isSearched || recipe.target != nil
    let learning = isJudged ? halves.ranging : calibration.calibration
    // Halves serve all recipes that share what is seen.
    let isHalved = isJudged || float.isShared
    let seen = try observe(isHalved ? halves.ranging : learning)
    var observations = seen
    if isHalved {
      for (value, observation) in try observe(halves.judging) {
        observations[value, default: Observation()].merge(observation)
      }
    }
    try check(observations)
    let judge = isJudged ? try self.judge(halves.judging) : nil
    var ranges = RangeSearch.Choice(estimator: recipe.estimator ?? RangeSearch.estimators[0])
    if recipe.estimator == nil {
      ranges = try float.ranges(halves.judging) { () throws(Refusal) in
        try RangeSearch.run(Quantizer(graph, observations: seen, options: options), judge: judge, threads: threads)
      }
    }
    options.estimator = ranges.estimator
    let network = try float.networks(ranges.estimator) { () throws(Refusal) in
      try UnroundedNetwork(
        Quantizer(graph, observations: observations, options: options), by: ranges.estimator, threads: threads)
    }
    guard let target = recipe.target else {
      let search = WeightSearch(
        graph: graph, plan: plan, loader: calibration.loader, learning: learning, all: calibration.calibration,
        observations: observations, observer: observer)
      let choice = try search.run(network, recipe, judge: judge)
      return Outcome(model: choice.model, ranges: ranges, weights: choice)
    }
    guard target.choosesSteps else {
      return try precise(target, ranges, options, seen: seen, all: observations, judge: judge)
    }
    let learner = try RoundingLearner(network, float: plan, loader: calibration.loader, observer: observer)
    let search = StepSearch(
      target: target, sourceBytes: sourceBytes, size: bundleSize,
      sensitivity: { () throws(Refusal) in try SensitivityMeasure(graph, decision) }, shared: float.steps,
      seed: recipe.seed, samples: halves)
    guard let choice = try search.run(learner, judge: judge) else {
      return try precise(target, ranges, options, seen: seen, all: observations, judge: judge)
    }
    return Outcome(model: choice.model, ranges: ranges, steps: choice)
  }

  private func judge(_ samples: [Int]) throws(Refusal) -> OutputJudge? {
    try float.judges(samples) {
      OutputJudge(plan, decision, calibration.loader, samples: samples, threads: threads, observer: observer)
    }
  }

  private func observe(_ samples: [Int]) throws(Refusal) -> [ValueID: Observation] {
    try float.observations(samples) {
      ObservedValues.gather(graph, plan, calibration.loader, samples, threads: threads, observer: observer)
    }
  }
}

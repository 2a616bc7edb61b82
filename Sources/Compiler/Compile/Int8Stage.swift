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
  private(set) var float: FloatNetwork
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
    /// Whether channels were equalized; nil where there was nothing to find out.
    var channels: EqualizationSearch.Finding?
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
    let seen = try observe(ranging)
    try check(seen)
    let judge = isJudged ? try self.judge(calibration.halves.judging) : nil
    var ranges = RangeSearch.Choice(estimator: recipe.estimator ?? RangeSearch.estimators[0])
    if recipe.estimator == nil {
      ranges = try float.ranges(calibration.halves.judging) { () throws(Refusal) in
        try RangeSearch.run(Quantizer(graph, observations: seen, options: options), judge: judge, threads: threads)
      }
    }
    options.estimator = ranges.estimator
    let search = EqualizationSearch(
      recipe: recipe, judge: judge, threads: threads,
      observe: { (network) throws(Refusal) in try observe(ranging, in: network) })
    let question = EqualizationSearch.Question(
      equalizes: recipe.equalizes, ranges: .init(ranges: ranges.estimator, samples: ranging))
    let channels = try float.equalized(question) { () throws(Refusal) in
      try search.run(float, seen, ranges, options)
    }
    guard let channels, channels.finding.isTaken else {
      var outcome = try quantized(ranges, seen, options, judge)
      outcome.channels = channels?.finding
      return outcome
    }
    var stage = self
    stage.float = channels.network
    // Coarse steps may take more from the weights than equal channels give.
    let rival = recipe.equalizes == nil ? (stage: self, seen: seen) : nil
    var outcome = try stage.quantized(ranges, channels.seen, options, judge, rival: rival)
    var finding = channels.finding
    if let steps = outcome.steps {
      finding.isTaken = steps.network == 0
      if !steps.costs.isEmpty, let judge { finding.summary = judge.summary(EqualizationSearch.names, steps.costs) }
    }
    outcome.channels = finding
    return outcome
  }

  /// Whether the network's output decides something.
  private var isJudged: Bool { recipe.isSearched || recipe.target != nil }

  /// The samples that ranges are taken from where something is judged. Halves serve all recipes that share what is
  /// seen.
  private var ranging: [Int] {
    isJudged || float.isShared ? calibration.halves.ranging : calibration.calibration
  }

  /// - Parameters:
  ///   - seen: what values are in the samples that ranges are taken from
  ///   - rival: the stage of a network that computes the same, where steps of weights decide between both
  private func quantized(
    _ ranges: RangeSearch.Choice, _ seen: [ValueID: Observation], _ options: Quantizer.Options, _ judge: OutputJudge?,
    rival: (stage: Int8Stage, seen: [ValueID: Observation])? = nil
  ) throws(Refusal) -> Outcome {
    let (network, observations) = try unrounded(ranges, seen, options)
    guard let target = recipe.target else {
      let search = WeightSearch(
        graph: graph, plan: plan, loader: calibration.loader,
        learning: isJudged ? calibration.halves.ranging : calibration.calibration, all: calibration.calibration,
        observations: observations, observer: observer)
      let choice = try search.run(network, recipe, judge: judge)
      return Outcome(model: choice.model, ranges: ranges, weights: choice)
    }
    guard target.choosesSteps else {
      return try precise(target, ranges, options, seen: seen, all: observations, judge: judge)
    }
    var networks = [try stepped(network)]
    if let (other, seen) = rival { networks.append(try other.stepped(other.unrounded(ranges, seen, options).network)) }
    let search = StepSearch(
      target: target, sourceBytes: sourceBytes, size: bundleSize, seed: recipe.seed, samples: calibration.halves)
    guard let choice = try search.run(networks, judge: judge) else {
      return try precise(target, ranges, options, seen: seen, all: observations, judge: judge)
    }
    return Outcome(model: choice.model, ranges: ranges, steps: choice)
  }

  /// The network with ranges by an estimator of what all samples show.
  private func unrounded(
    _ ranges: RangeSearch.Choice, _ seen: [ValueID: Observation], _ options: Quantizer.Options
  ) throws(Refusal) -> (network: UnroundedNetwork, observations: [ValueID: Observation]) {
    var observations = seen
    if ranging != calibration.calibration {
      for (value, observation) in try observe(calibration.halves.judging) {
        observations[value, default: Observation()].merge(observation)
      }
    }
    try check(observations)
    let network = try float.networks(ranges.estimator) { () throws(Refusal) in
      try UnroundedNetwork(
        Quantizer(graph, observations: observations, options: options), by: ranges.estimator, threads: threads)
    }
    return (network, observations)
  }

  private func stepped(_ network: UnroundedNetwork) throws(Refusal) -> StepSearch.Network {
    StepSearch.Network(
      learner: try RoundingLearner(network, float: plan, loader: calibration.loader, observer: observer),
      sensitivity: { () throws(Refusal) in try SensitivityMeasure(graph, decision) }, shared: float.steps)
  }

  private func judge(_ samples: [Int]) throws(Refusal) -> OutputJudge? {
    try float.judges(samples) {
      OutputJudge(plan, decision, calibration.loader, samples: samples, threads: threads, observer: observer)
    }
  }

  private func observe(_ samples: [Int], in other: FloatNetwork? = nil) throws(Refusal) -> [ValueID: Observation] {
    let network = other ?? float
    return try network.observations(samples) {
      ObservedValues.gather(
        network.graph, network.plan, calibration.loader, samples, threads: threads, observer: observer)
    }
  }
}

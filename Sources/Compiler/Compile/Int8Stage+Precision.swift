import Answers
import DataSets
import IR
import Operators
import Quantization
import Reports
import Tensors

extension Int8Stage {
  /// The network whose answers are as near the float network's as asked for, with as little in float as that takes.
  ///
  /// - Parameters:
  ///   - options: how to quantize, with the nodes that the user keeps
  ///   - seen: what values are in the samples that ranges are searched on, and in all
  func precise(
    _ target: Recipe.Target, _ ranges: RangeSearch.Choice, _ options: Quantizer.Options,
    seen: [ValueID: Observation], all observations: [ValueID: Observation], judge: OutputJudge?
  ) throws(Refusal) -> Outcome {
    let (loss, limit, option) = try limit(target)
    guard let judge else {
      throw Refusal("\(option) needs at least \(2 * OutputJudge.fewestSamples) calibration samples to judge by")
    }
    let ranging = calibration.halves.ranging
    func weights(_ samples: [Int], _ observations: [ValueID: Observation]) -> WeightSearch {
      WeightSearch(
        graph: graph, plan: plan, loader: calibration.loader, learning: samples, all: samples,
        observations: observations, observer: observer)
    }
    var recipe = recipe
    recipe.learnsAgain = false
    func compile(
      _ kept: [PrecisionUnit], _ search: WeightSearch, judge: OutputJudge?
    ) throws(Refusal) -> WeightSearch.Choice {
      var options = options
      options.keptForAnswers = Set(kept.map(\.node))
      let quantizer = Quantizer(graph, observations: observations, options: options)
      let network = try UnroundedNetwork(quantizer, by: ranges.estimator, threads: threads)
      return try search.run(network, recipe, judge: judge)
    }
    func judged(_ model: QuantizedModel) throws(Refusal) -> AnswerLoss.Found {
      loss(try judge.runs("Judging answers", of: model.graph))
    }

    let units = try units(
      Quantizer(graph, observations: observations, options: options), by: ranges.estimator, ranging)
    var plain: WeightSearch.Choice?
    var search = PrecisionSearch(units, limit: limit + Int8Stage.slack, isQuadratic: loss.measure != .changes) {
      (kept) throws(Refusal) -> (network: (model: QuantizedModel, found: AnswerLoss.Found), loss: Double) in
      let choice = try compile(kept, weights(ranging, seen), judge: plain == nil ? judge : nil)
      if plain == nil {
        // How weights are rounded is chosen once, where all is int8.
        plain = choice
        (recipe.rounding, recipe.biases) = (choice.candidate.rounding, choice.candidate.biases)
      }
      let found = try judged(choice.model)
      return ((choice.model, found), found.loss)
    }
    let best = try search.run()
    guard let plain else { preconditionFailure("a search ended without a trial") }
    var (model, found) = best.network
    if self.recipe.learnsAgain {
      let again = try compile(best.kept, weights(calibration.calibration, observations), judge: nil).model
      // Nothing was apart to judge it, but that it loses no more it can be held to.
      let lost = try judged(again)
      if lost.loss <= found.loss { (model, found) = (again, lost) }
    }
    let trials = search.trials.map { trial in
      Report.PrecisionSearchSummary.Trial(
        kept: trial.kept.count, macs: trial.kept.reduce(0) { $0 + $1.macs }, loss: trial.loss)
    }
    return Outcome(
      model: model, ranges: ranges,
      weights: WeightSearch.Choice(model: model, candidate: plain.candidate, summary: plain.summary),
      precision: Report.PrecisionSearchSummary(
        samples: judge.count, measure: measure(loss), limit: limit, trials: trials,
        chosen: search.trials.firstIndex { $0.kept == best.kept } ?? 0, seen: found.seen,
        foretold: found.foretold.map { .init(mean: $0.mean, standardError: $0.standardError) },
        kept: best.kept.compactMap(summary)))
  }

  /// What may be lost at most, and of what.
  private func limit(_ target: Recipe.Target) throws(Refusal) -> (loss: AnswerLoss, limit: Double, option: String) {
    let (measure, limit, option): (AnswerLoss.Measure, Double, String)
    switch target {
    case .agreement(let share): (measure, limit, option) = (.changes, 1 - share, "--min-agreement")
    case .drop(let drop): (measure, limit, option) = (.drop, drop, "--max-drop")
    case .cost(let cost): (measure, limit, option) = (.cost, cost, "--max-kl")
    case .bytes, .ratio: preconditionFailure("a size is no limit on answers")
    }
    guard measure == .cost || decision.meaning.task != .none else {
      throw .usage("\(option): the model decides nothing; say with --max-kl how far its numbers may be from float's")
    }
    let others =
      measure == .cost
      ? []
      : OutputJudge.outputs(
        of: plan, calibration.loader, calibration.halves.ranging, threads, decision.position, observer
      ).compactMap(\.self)
    return (AnswerLoss(measure, decision.meaning, decision.rows, others: others), limit, option)
  }

  /// A share that was subtracted from 1 is not exact.
  private static let slack = 1e-12

  private func measure(_ loss: AnswerLoss) -> Report.PrecisionSearchSummary.Measure {
    switch loss.measure {
    case .changes: .disagreement
    case .drop: .drop
    case .cost: decision.meaning.task == .none ? .squaredError : .divergence
    }
  }

  /// Errors of so many samples foretell what nodes cost.
  private static let mostSamples = 64

  /// The nodes that could stay float.
  private func units(
    _ quantizer: Quantizer, by estimator: RangeEstimator, _ samples: [Int]
  ) throws(Refusal) -> [PrecisionUnit] {
    let quantizations = quantizer.quantizations(by: estimator, threads: threads)
    let roundings = try Roundings(
      graph, quantizer.run(quantizations), values: quantizer.roundedValues(quantizations), quantizations)
    let measure = try RoundingMeasure(graph, roundings, decision)
    let some = SampleSelection.spread(samples, atMost: Int8Stage.mostSamples)
    observer.begin("Taking changes back", count: some.count)
    defer { observer.end() }
    let costs = measure.run(calibration.loader, samples: some, seed: recipe.seed, threads: threads) { [observer] _ in
      observer.advance()
    }
    return quantizer.precisionUnits(roundings.places, costs: costs.usual)
  }

  private func summary(_ unit: PrecisionUnit) -> Report.PrecisionSearchSummary.Kept? {
    guard let node = graph[unit.node] else { return nil }
    return Report.PrecisionSearchSummary.Kept(
      name: node.name, op: node.op.name, foretold: unit.gain, extraBytes: 3 * unit.weights, macs: unit.macs)
  }
}

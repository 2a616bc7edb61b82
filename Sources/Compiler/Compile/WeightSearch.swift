import DataSets
import IR
import Quantization
import Reports
import Runtime
import Tensors

/// Quantizes a network with weights and biases that make up for errors, unless it costs less at its output to leave
/// them plain.
///
/// Both together is a walk through the network, layer by layer (`RoundingWalk`). Each by itself sees what layers
/// multiply in the plain int8 network, or what biases lack in it. All that is learned of one half of the calibration
/// samples, which the other half judges; where there is nothing to judge, of all.
struct WeightSearch {
  /// How weights are rounded and what biases make up for.
  struct Candidate: Equatable {
    var rounding = WeightRounding.Method.nearest
    var biases = BiasMethod.weights

    var names: [String] { [rounding.rawValue, biases.rawValue] }
  }

  /// The network, how it was made, and what each candidate costs.
  struct Choice {
    let model: QuantizedModel
    let candidate: Candidate
    /// Nil where there was nothing to choose.
    var summary: Report.SearchSummary?
  }

  /// The float graph and a plan of it.
  let graph: Graph
  let plan: Plan
  let loader: SampleLoader
  /// Samples to learn from while there is something to judge, and all there are.
  let learning: [Int]
  let all: [Int]
  /// What all are in the float graph.
  let observations: [ValueID: Observation]
  let observer: any WorkObserver

  /// - Parameters:
  ///   - judge: of other samples; nil where there are too few for one, and then what the recipe leaves open is as in
  ///     networks that are made in haste
  func run(_ network: UnroundedNetwork, _ recipe: Recipe, judge: OutputJudge?) throws(Refusal) -> Choice {
    let candidates =
      network.nearest.layers.isEmpty ? [Candidate()] : WeightSearch.candidates(recipe, isJudged: judge != nil)
    guard candidates.count > 1, let judge else {
      return Choice(model: try model(candidates[0], network, all), candidate: candidates[0])
    }
    var models: [QuantizedModel] = []
    let costs = try judge.costs("Judging weights", of: candidates) { (candidate) throws(Refusal) in
      models.append(try model(candidate, network, learning))
      return models[models.count - 1].graph
    }
    let best = OutputJudge.keepsFirst(costs) ? 0 : 1
    var chosen = models[best]
    if recipe.learnsAgain {
      let again = try model(candidates[best], network, all)
      // Nothing was apart to judge it, but that it costs no more it can be held to.
      let cost = MeanCost(try judge.costs("Judging weights", of: again.graph)).mean
      if cost <= MeanCost(costs[best]).mean { chosen = again }
    }
    return Choice(
      model: chosen, candidate: candidates[best], summary: judge.summary(candidates.map(\.names), costs))
  }

  /// What the recipe allows: the one that makes up for most, and the plain one, unless they are the same. More than two
  /// would be more than so few samples can tell apart.
  static func candidates(_ recipe: Recipe, isJudged: Bool) -> [Candidate] {
    let plain = Candidate(rounding: recipe.rounding ?? .nearest, biases: recipe.biases ?? .weights)
    let other = Candidate(rounding: recipe.rounding ?? .compensated, biases: recipe.biases ?? .network)
    return isJudged && other != plain ? [other, plain] : [plain]
  }

  private func model(
    _ candidate: Candidate, _ network: UnroundedNetwork, _ samples: [Int]
  ) throws(Refusal) -> QuantizedModel {
    if candidate == Candidate() { return network.nearest }
    let learner = try RoundingLearner(network, float: plan, loader: loader, observer: observer)
    switch (candidate.rounding, candidate.biases) {
    case (.compensated, .network): return try network.rounded(learner.walk(samples))
    case (.compensated, .weights): return try network.compensated(by: learner.moments(samples, ofAtMost: samples.count))
    case (.nearest, _): return try network.rounded(biasShifts(learner, samples))
    }
  }

  private func biasShifts(
    _ learner: RoundingLearner, _ samples: [Int]
  ) throws(Refusal) -> [NodeID: WeightRounding] {
    let some = Array(samples.prefix(BiasCorrection.mostSamples(learner.int8)))
    let known =
      some.count == all.count
      ? observations
      : Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        loader, samples: some, threads: learner.threads)
    let shifts = try BiasCorrection(
      learner.int8, of: learner.network.nearest, source: graph, observations: known
    ).run(loader, samples: some, threads: learner.threads)
    return shifts.mapValues { WeightRounding(biasShifts: $0) }
  }
}

import DataSets
import IR
import Quantization
import Reports
import Runtime
import Tensors

/// Quantizes a network with weights and biases that make up for errors, unless it costs less at its output to leave
/// them plain.
///
/// What layers multiply is seen in the plain int8 network, and what biases lack in the one of compensated weights, on
/// one half of the calibration samples; the other half judges. What was judged is what is taken.
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
  /// Samples to learn from, and what they are in the float graph.
  let samples: [Int]
  let observations: [ValueID: Observation]
  let threads: Int
  let observer: any WorkObserver

  /// - Parameters:
  ///   - judge: of other samples; nil where there are too few for one, and then what the recipe leaves open is as in
  ///     networks that are made in haste
  func run(
    _ quantizer: Quantizer, _ quantizations: [ValueID: Quantization], _ recipe: Recipe, judge: OutputJudge?
  ) throws(Refusal) -> Choice {
    let nearest = try quantizer.run(quantizations)
    let candidates = nearest.layers.isEmpty ? [Candidate()] : WeightSearch.candidates(recipe, isJudged: judge != nil)
    let needsMoments = candidates.contains { $0.rounding == .compensated }
    let compensated = needsMoments ? compensate(nearest, in: try Preparation.plan(nearest.graph)) : [:]
    func model(_ candidate: Candidate) throws(Refusal) -> QuantizedModel {
      if candidate == Candidate() { return nearest }
      var rounding = candidate.rounding == .compensated ? compensated : [:]
      let model =
        rounding.isEmpty ? nearest : try quantizer.run(quantizations, rounding: rounding, threads: threads)
      guard candidate.biases == .network else { return model }
      for (layer, shifts) in try biasShifts(of: model) { rounding[layer, default: .nearest].biasShifts = shifts }
      return try quantizer.run(quantizations, rounding: rounding, threads: threads)
    }
    guard candidates.count > 1, let judge else {
      return Choice(model: try model(candidates[0]), candidate: candidates[0])
    }
    var models: [QuantizedModel] = []
    let costs = try judge.costs("Judging weights", of: candidates) { (candidate) throws(Refusal) in
      models.append(try model(candidate))
      return models[models.count - 1].graph
    }
    let best = OutputJudge.best(costs)
    return Choice(
      model: models[best], candidate: candidates[best], summary: judge.summary(candidates.map(\.names), costs))
  }

  /// What the recipe allows: the one that makes up for most, which is taken unless the plain one is better by more than
  /// chance explains. More than two would be more than so few samples can tell apart.
  static func candidates(_ recipe: Recipe, isJudged: Bool) -> [Candidate] {
    let plain = Candidate(rounding: recipe.rounding ?? .nearest, biases: recipe.biases ?? .weights)
    let other = Candidate(rounding: recipe.rounding ?? .compensated, biases: recipe.biases ?? .network)
    return isJudged && other != plain ? [other, plain] : [plain]
  }

  private func compensate(_ model: QuantizedModel, in plan: Plan) -> [NodeID: WeightRounding] {
    observer.begin("Gathering moments", count: samples.count)
    defer { observer.end() }
    let moments = MomentGatherer(plan, of: model, samples: samples.count).run(
      loader, samples: samples, threads: threads
    ) { _ in observer.advance() }
    var rounding: [NodeID: WeightRounding] = [:]
    for (layer, compensation) in ErrorCompensation.all(moments, threads: threads) {
      rounding[layer] = WeightRounding(compensation: compensation, inputMeans: moments[layer]?.means)
    }
    return rounding
  }

  private func biasShifts(of model: QuantizedModel) throws(Refusal) -> [NodeID: [Double]] {
    let int8 = try Preparation.plan(model.graph)
    let some = Array(samples.prefix(BiasCorrection.mostSamples(int8)))
    let known =
      some.count == samples.count
      ? observations
      : Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        loader, samples: some, threads: threads)
    return try BiasCorrection(int8, of: model, source: graph, observations: known).run(
      loader, samples: some, threads: threads)
  }
}

import Answers
import Bundles
import DataSets
import IR
import Operators
import Passes
import Quantization
package import Reports
import Runtime
package import Tensors

/// What `dermc analyze` does: finds out what it costs a float model's answers that int8 rounds, place by place.
package struct Analysis {
  private let model: LoadedModel
  private let path: String
  private let recipe: Recipe
  private let settings: DataSettings
  private let answer: AnswerSettings
  private let measuredPlaces: Int
  private let threads: Int
  private let observer: any WorkObserver

  /// Of the samples that had no part in ranges, costs are taken from so many.
  private static let mostSamples = 64

  /// - Parameters:
  ///   - path: the calibration data
  ///   - recipe: how to choose samples and ranges
  ///   - measured: how many of the worst places to measure
  package init(
    _ model: LoadedModel, on path: String, recipe: Recipe, settings: DataSettings, answer: AnswerSettings,
    measured: Int, threads: Int, observer: any WorkObserver
  ) {
    self.model = model
    self.path = path
    self.recipe = recipe
    self.settings = settings
    self.answer = answer
    measuredPlaces = measured
    self.threads = threads
    self.observer = observer
  }

  package func run() throws(Refusal) -> AnalysisReport {
    guard model.bundle?.kind != .compiled, !model.graph.isQuantized else {
      throw Refusal(file: model.path, reason: "is quantized already: give the float model it was made from")
    }
    var decision = try DecisionOutput(model, answer, labels: settings.labels ?? model.labels)
    let data = try DataBinding(model, settings: settings, decision: decision)
    let loader = try data.unlabelled(at: path, table: nil)
    if let classes = data.labels ?? data.folderNames(at: path) {
      try decision.name(classes)
    } else {
      try decision.nameByNumber()
    }
    for warning in [decision.warning, data.overrideWarning, data.assumption(for: [loader])].compactMap(\.self) {
      observer.warn(warning)
    }
    let halves = CalibrationData(loader, recipe: recipe, holdsBack: false).halves
    let judges = Analysis.judges(halves)

    let (graph, _) = try Preparation.simplified(model.graph)
    model.releasePages()
    let float = try FloatNetwork(graph, isShared: false)
    let seen = try observe(float, loader, halves.ranging)
    guard
      let judge = OutputJudge(
        float.plan, decision, loader, samples: judges, fewest: 1, threads: threads, observer: observer)
    else { throw loader.nothingReadable(path) }
    let chooses = judge.count >= OutputJudge.fewestSamples ? judge : nil
    let options = Quantizer.Options()
    let ranges =
      if let told = recipe.estimator { RangeSearch.Choice(estimator: told) } else {
        try RangeSearch.run(
          Quantizer(graph, observations: seen, options: options), judge: chooses, threads: threads)
      }
    let channels = try EqualizationSearch(
      recipe: recipe, judge: chooses, threads: threads,
      observe: { (network) throws(Refusal) in try observe(network, loader, halves.ranging) }
    ).run(float, seen, ranges, options)
    guard let channels, channels.finding.isTaken else {
      return try report(on: float, seen, ranges.estimator, judge, decision, loader, halves)
    }
    var report = try report(on: channels.network, channels.seen, ranges.estimator, judge, decision, loader, halves)
    report.equalizedLayers = channels.finding.log.appliedCount
    return report
  }

  /// What rounding costs a network.
  ///
  /// - Parameter seen: what its values are on the samples that ranges are taken from
  private func report(
    on float: FloatNetwork, _ seen: [ValueID: Observation], _ estimator: RangeEstimator, _ judge: OutputJudge,
    _ decision: DecisionOutput, _ loader: SampleLoader, _ halves: CalibrationData.Halves
  ) throws(Refusal) -> AnalysisReport {
    let graph = float.graph
    let quantizer = Quantizer(graph, observations: seen, options: Quantizer.Options())
    let quantizations = quantizer.quantizations(by: estimator, threads: threads)
    let quantized = try quantizer.run(quantizations)
    let roundings = try Roundings(
      graph, quantized, values: quantizer.roundedValues(quantizations), quantizations)

    let measure = try RoundingMeasure(graph, roundings, decision)
    let judges = Analysis.judges(halves)
    observer.begin("Taking changes back", count: judges.count)
    let costs = measure.run(loader, samples: judges, seed: recipe.seed, threads: threads) { _ in observer.advance() }
    observer.end()
    if costs.notFinite > 0 {
      observer.warn(
        "\(Figures.count(costs.notFinite, "sample")) left out of what is foretold: gradients are not finite there")
    }
    let whole = try judge.runs("Running int8", of: quantized.graph)
    let agreement = AnswerLoss(.changes, decision.meaning, decision.rows).agreement(whole)
    guard costs.samples > 0 else {
      throw Refusal(file: model.path, reason: "gradients of its answers are not finite on any sample")
    }
    var report = AnalysisReport(
      model: model.path, samples: whole.count, rangingSamples: halves.judging.isEmpty ? 0 : halves.ranging.count,
      estimator: estimator.rawValue, isDivergence: judge.isDivergence,
      places: places(graph, roundings, quantized.decisions, costs, measure.unknown), weights: Cost(costs.weights),
      values: Cost(costs.values), together: Cost(costs.together), measured: Cost(whole, decision.rows),
      agreement: judge.isDivergence ? agreement : nil)
    for index in report.ranking.prefix(measuredPlaces) {
      let rounded = try roundings.graph(rounding: [roundings.places[index]])
      let runs = try judge.runs("Measuring \(report.places[index].name)", of: rounded)
      report.places[index].measured = Cost(runs, decision.rows)
    }
    try observer.report(loader, isStrict: false)
    return report
  }

  private typealias Cost = AnalysisReport.Cost

  /// The samples that costs are taken from.
  private static func judges(_ halves: CalibrationData.Halves) -> [Int] {
    SampleSelection.spread(halves.judging.isEmpty ? halves.ranging : halves.judging, atMost: mostSamples)
  }

  /// What a float network's values are on the samples that ranges are taken from.
  private func observe(
    _ float: FloatNetwork, _ loader: SampleLoader, _ samples: [Int]
  ) throws(Refusal) -> [ValueID: Observation] {
    let observations = ObservedValues.gather(
      float.graph, float.plan, loader, samples, threads: threads, observer: observer)
    guard loader.problems.count < samples.count else { throw loader.nothingReadable(path) }
    try ObservedValues.check(observations, of: float.graph, file: model.path)
    return observations
  }

  // MARK: Places

  private func places(
    _ graph: Graph, _ roundings: Roundings, _ decisions: [LayerDecision], _ costs: RoundingCosts,
    _ unknown: [Int: Refusal]
  ) -> [AnalysisReport.Place] {
    let int8 = Set(decisions.filter { $0.precision == .int8 }.map(\.node))
    return roundings.places.indices.map { index in
      var (name, op, kind) = ("", "", AnalysisReport.Kind.weights)
      var layers: [Node] = []
      switch roundings.places[index] {
      case .weights(let id):
        guard let node = graph[id] else { preconditionFailure("a place is of another graph") }
        layers = [node]
        (name, op) = (node.name, node.op.name)
      case .value(let value):
        if let node = graph.producer(of: value) {
          (name, op, kind) = (node.name, node.op.name, .output)
        } else {
          (name, kind) = (graph[value].name, .input)
        }
        layers = graph[value].users.compactMap { graph[$0] }.filter { int8.contains($0.name) }
      }
      return AnalysisReport.Place(
        name: name, op: op, kind: kind, foretold: costs.alone[index].map(Cost.init),
        foretoldUpTo: costs.alone[index] == nil ? nil : costs.upTo[index],
        reason: unknown[index]?.description ?? "", layers: layers.map(\.name),
        extraBytes: layers.reduce(0) { $0 + Analysis.extraBytes(of: $1, in: graph) })
    }
  }

  /// What a layer's weights take more in float32 than in int8, before any coding.
  private static func extraBytes(of node: Node, in graph: Graph) -> Int {
    guard node.op is any Int8ConvertibleLayer,
      let weights = graph.constant(node.inputs.dropFirst().first.flatMap(\.self))
    else { return 0 }
    return 3 * weights.count
  }
}

extension AnalysisReport.Cost {
  fileprivate init(_ cost: RoundingCosts.Cost) {
    self.init(mean: cost.mean, standardError: cost.standardError)
  }

  /// Of a sample, where a run takes several.
  fileprivate init(_ runs: [OutputJudge.Run], _ rows: OutputRows) {
    let cost = MeanCost(runs.map { $0.cost / Double(rows.batch) })
    self.init(mean: cost.mean, standardError: cost.standardError)
  }
}

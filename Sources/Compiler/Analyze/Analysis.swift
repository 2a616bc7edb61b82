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
    let judges = Analysis.spread(halves.judging.isEmpty ? halves.ranging : halves.judging, Analysis.mostSamples)

    let (graph, _) = try Preparation.simplified(model.graph)
    model.releasePages()
    let plan = try Preparation.plan(graph)
    let quantizer = Quantizer(
      graph, observations: try observe(graph, plan, loader, halves.ranging), options: Quantizer.Options())
    let estimator: RangeEstimator
    if let told = recipe.estimator {
      estimator = told
    } else {
      estimator = try search(quantizer, plan, decision, loader, judges: judges)
    }
    let quantizations = quantizer.quantizations(by: estimator, threads: threads)
    let quantized = try quantizer.run(quantizations)
    let roundings = try Roundings(
      graph, quantized, values: quantizer.roundedValues(quantizations), quantizations)

    let trial = AnswerTrial(plan: plan, decision: decision, loader: loader, samples: judges, threads: threads, observer)
    let measure = try RoundingMeasure(
      graph, roundings, output: decision.position, answer: decision.meaning.answerKind, batch: decision.rows.batch,
      math: MathLibrary.kernels.math())
    observer.begin("Taking changes back", count: judges.count)
    let costs = measure.run(loader, samples: judges, seed: recipe.seed, threads: threads) { _ in observer.advance() }
    observer.end()
    if costs.notFinite > 0 {
      observer.warn(
        "\(Figures.count(costs.notFinite, "sample")) left out of what is foretold: gradients are not finite there")
    }
    let whole = try trial.run(quantized.graph, name: "Running int8")
    guard whole.samples > 0 else { throw loader.nothingReadable(path) }
    guard costs.samples > 0 else {
      throw Refusal(file: model.path, reason: "gradients of its answers are not finite on any sample")
    }
    var report = AnalysisReport(
      model: model.path, samples: whole.samples, rangingSamples: halves.judging.isEmpty ? 0 : halves.ranging.count,
      estimator: estimator.rawValue, isDivergence: trial.isDivergence,
      places: places(graph, roundings, quantized.decisions, costs, measure.unknown), weights: Cost(costs.weights),
      values: Cost(costs.values), together: Cost(costs.together), measured: whole.cost, agreement: whole.agreement)
    for index in report.ranking.prefix(measuredPlaces) {
      let rounded = try roundings.graph(rounding: [roundings.places[index]])
      report.places[index].measured = try trial.run(rounded, name: "Measuring \(report.places[index].name)").cost
    }
    try observer.report(loader, isStrict: false)
    return report
  }

  private typealias Cost = AnalysisReport.Cost

  // MARK: Ranges

  private func observe(
    _ graph: Graph, _ plan: Plan, _ loader: SampleLoader, _ samples: [Int]
  ) throws(Refusal) -> [ValueID: Observation] {
    observer.begin("Calibrating", count: samples.count)
    defer { observer.end() }
    let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph))
      .run(loader, samples: samples, threads: threads) { _ in observer.advance() }
    guard loader.problems.count < samples.count else { throw loader.nothingReadable(path) }
    for (value, observation) in observations.sorted(by: { $0.key < $1.key }) where observation.histograms.notFinite > 0
    {
      throw Refusal(
        file: model.path,
        reason: "value \(graph[value].name) became NaN or infinite on calibration samples; "
          + "check the preprocessing (--scale, --mean, --std)")
    }
    return observations
  }

  private func search(
    _ quantizer: Quantizer, _ plan: Plan, _ decision: DecisionOutput, _ loader: SampleLoader, judges: [Int]
  ) throws(Refusal) -> RangeEstimator {
    let judge = OutputJudge(plan, decision, loader, samples: judges, threads: threads, observer: observer)
    return try RangeSearch.run(quantizer, judge: judge, threads: threads).estimator
  }

  /// At most so many, evenly spread.
  private static func spread(_ samples: [Int], _ most: Int) -> [Int] {
    guard samples.count > most else { return samples }
    return (0..<most).map { samples[$0 * samples.count / most] }
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
        layers = graph[id].map { [$0] } ?? []
        (name, op) = (layers.first?.name ?? "", layers.first?.op.name ?? "")
      case .value(let value):
        let node = graph.producer(of: value)
        (name, op, kind) = (node?.name ?? graph[value].name, node?.op.name ?? "", node == nil ? .input : .output)
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
}

/// What a graph answers, held against the float network.
private struct AnswerTrial {
  private let decision: DecisionOutput
  private let loader: SampleLoader
  private let samples: [Int]
  private let threads: Int
  private let observer: any WorkObserver
  private let reference: [[Float]?]
  private let costs: OutputCost

  init(
    plan: Plan, decision: DecisionOutput, loader: SampleLoader, samples: [Int], threads: Int,
    _ observer: any WorkObserver
  ) {
    self.decision = decision
    self.loader = loader
    self.samples = samples
    self.threads = threads
    self.observer = observer
    costs = OutputCost(decision.meaning, decision.rows)
    observer.begin("Running float", count: samples.count)
    reference = Inference.run(
      plan, on: loader, samples: samples, threads: threads, output: decision.position
    ) { observer.advance() }
    observer.end()
  }

  var isDivergence: Bool { costs.isDivergence }

  struct Outcome {
    let cost: AnalysisReport.Cost
    let agreement: Double?
    let samples: Int
  }

  func run(_ graph: Graph, name: String) throws(Refusal) -> Outcome {
    observer.begin(name, count: samples.count)
    defer { observer.end() }
    let answers = Inference.run(
      try Preparation.plan(graph, fusesRows: true), on: loader, samples: samples, threads: threads,
      output: decision.position
    ) { observer.advance() }
    var found: [Double] = []
    var (alike, decided) = (0, 0)
    for case (let float?, let other?) in zip(reference, answers) {
      found.append(costs(float: float, other: other) / Double(decision.rows.batch))
      for (own, its) in zip(decision.rows.rows(float), decision.rows.rows(other)) {
        decided += 1
        if decision.meaning.answer(own).decided == decision.meaning.answer(its).decided { alike += 1 }
      }
    }
    let cost = MeanCost(found)
    return Outcome(
      cost: AnalysisReport.Cost(mean: cost.mean, standardError: cost.standardError),
      agreement: isDivergence && decided > 0 ? Double(alike) / Double(decided) : nil, samples: found.count)
  }
}

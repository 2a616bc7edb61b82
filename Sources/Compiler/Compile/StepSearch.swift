import Answers
import DataSets
import IR
import Quantization
import Reports
import Runtime
import Tensors

/// Chooses coarser steps of weights than those of plain int8, until the bundle is as small as asked for, or its answers
/// are as far from the float model's as allowed.
///
/// What errors cost at the output, and what layers multiply, is seen in one half of the calibration samples while
/// steps are searched, so that the other can judge; the weights that are taken are rounded by what all tell.
struct StepSearch {
  let target: Recipe.Target
  /// The size of the model that a ratio is of.
  let sourceBytes: Int
  /// What a graph's bundle takes.
  let size: (Graph) throws(Refusal) -> Int
  let sensitivity: SensitivityMeasure
  /// Of the float graph.
  let plan: Plan
  let seed: UInt64
  let loader: SampleLoader
  let samples: (ranging: [Int], judging: [Int])
  let threads: Int
  let observer: any WorkObserver

  /// The network, and what was tried on the way to it.
  struct Choice {
    let model: QuantizedModel
    /// Whether layers were rounded one after the other, for what those before them had become.
    let walks: Bool
    let summary: Report.StepSearchSummary
    /// Layers whose steps are those of plain int8, and why.
    let unknown: [String]
    /// The most bytes that were asked for; nil where a cost was.
    let limit: Int?
  }

  /// The most bytes the bundle may take; nil where a cost is asked for.
  private var limit: Int? {
    switch target {
    case .bytes(let bytes): bytes
    case .ratio(let ratio): Int(Double(sourceBytes) / ratio)
    case .cost: nil
    }
  }

  /// - Parameter judge: of the judging samples; nil where there are too few for one
  func run(
    _ quantizer: Quantizer, _ quantizations: [ValueID: Quantization], judge: OutputJudge?
  ) throws(Refusal) -> Choice {
    let nearest = try quantizer.run(quantizations)
    let nearestPlan = try Preparation.plan(nearest.graph)
    let all = samples.ranging + samples.judging
    let gatherer = MomentGatherer(nearestPlan, of: nearest, samples: all.count)
    var moments = gather(gatherer, judge == nil ? all : samples.ranging)
    var steps = WeightSteps(quantizer, quantizations, moments, measure(judge == nil ? all : samples.ranging), threads)
    if case .cost = target, judge == nil {
      throw Refusal("--max-kl needs at least \(2 * OutputJudge.fewestSamples) calibration samples to judge by")
    }

    let walk = RoundingWalk(nearestPlan, of: nearest, float: plan, quantizer: quantizer)
    func walked(_ distortion: Distortion, _ samples: [Int]) throws(Refusal) -> QuantizedModel {
      let used = Array(samples.prefix(RoundingWalk.mostSamples(nearestPlan, plan)))
      observer.begin("Rounding layer by layer", count: nearestPlan.steps.count)
      defer { observer.end() }
      let rounding = try walk.run(
        loader, samples: used, steps.roundings(distortion), threads: threads
      ) { [observer] _ in observer.advance() }
      return try quantizer.run(quantizations, rounding: rounding, threads: threads)
    }

    var search = DistortionSearch(steps.allocation.range) {
      steps.allocation.bits($0, threads: threads)
    } compile: {
      (distortion) throws(Refusal) in
      // Sizes are told as well by what takes less time.
      let graph = try (limit == nil ? walked(distortion, samples.ranging) : steps.model(distortion)).graph
      let costs = try judge?.costs("Judging steps", of: [graph]) { $0 }
      return .init(distortion: distortion, bytes: try size(graph), cost: costs.map { MeanCost($0[0]).mean })
    }
    let found = try find(&search)
    var trials = search.trials
    var chosen = trials.firstIndex { $0.distortion == found.distortion } ?? 0
    guard let judge else {
      return choice(try steps.model(found.distortion), trials, chosen, judge, steps, walks: false)
    }

    var walks = true
    if limit != nil {
      let graph = try walked(found.distortion, samples.ranging).graph
      let costs = try judge.costs("Judging steps", of: [graph, try steps.model(found.distortion).graph]) { $0 }
      walks = OutputJudge.keepsFirst(costs)
      trials.append(.init(distortion: found.distortion, bytes: try size(graph), cost: MeanCost(costs[0]).mean))
      if walks { chosen = trials.count - 1 }
    }
    for (layer, more) in gather(gatherer, samples.judging) { moments[layer]?.merge(more) }
    steps = WeightSteps(quantizer, quantizations, moments, measure(all), threads)
    let model = try best(judge, atMost: trials[chosen].cost ?? .infinity, walks ? [all, samples.ranging, []] : [[]]) {
      (learning) throws(Refusal) in
      try fitting(steps, from: found.distortion) { (distortion) throws(Refusal) in
        try learning.isEmpty ? steps.model(distortion) : walked(distortion, learning)
      }
    }
    return choice(model, trials, chosen, judge, steps, walks: walks)
  }

  /// The first model that costs hardly more than one like it did when it was chosen; else the one that costs least.
  ///
  /// What was learned of more samples is better, by all that is known; but nothing was apart to judge it.
  private func best(
    _ judge: OutputJudge, atMost cost: Double, _ ways: [[Int]], _ model: ([Int]) throws(Refusal) -> QuantizedModel
  ) throws(Refusal) -> QuantizedModel {
    var best: (cost: Double, model: QuantizedModel)?
    for way in ways {
      let made = try model(way)
      let found = MeanCost(try judge.costs("Judging weights", of: [made.graph]) { $0 }[0]).mean
      if best.map({ found < $0.cost }) ?? true { best = (found, made) }
      if found <= StepSearch.tolerance * cost { break }
    }
    guard let best else { preconditionFailure("no way to round weights is given") }
    return best.model
  }

  private static let tolerance = 1.1

  private func find(_ search: inout DistortionSearch) throws(Refusal) -> DistortionSearch.Trial {
    if let limit {
      if let found = try search.finest(within: limit) { return found }
      let least = search.trials.map(\.bytes).min() ?? 0
      throw Refusal("a bundle of \(limit) bytes is out of reach: with the coarsest steps it takes \(least)")
    }
    guard case .cost(let cost) = target else { preconditionFailure("a target is neither a size nor a cost") }
    if let found = try search.coarsest(costing: cost) { return found }
    let least = search.trials.first?.cost ?? .infinity
    throw Refusal("a divergence of \(cost) is out of reach: plain int8 has \(Figures.decimal(least, 5))")
  }

  /// The model with the given number; where a size is asked for, the finest whose bundle is small enough, of those near
  /// that number.
  private func fitting(
    _ steps: WeightSteps, from distortion: Distortion, _ model: (Distortion) throws(Refusal) -> QuantizedModel
  ) throws(Refusal) -> QuantizedModel {
    guard let limit else { return try model(distortion) }
    let range = steps.allocation.range
    var distortion = max(range.lowerBound, min(range.upperBound, distortion))
    var best: (distortion: Distortion, model: QuantizedModel)?
    var tooFine = range.lowerBound.code - 1
    for attempt in 0... {
      let model = try model(distortion)
      let excess = try size(model.graph) - limit
      if excess <= 0 {
        if best.map({ distortion < $0.distortion }) ?? true { best = (distortion, model) }
      } else {
        tooFine = max(tooFine, distortion.code)
      }
      if let best, -excess < limit / 256 && excess <= 0 || attempt >= 3 || best.distortion.code - tooFine <= 1 {
        return best.model
      }
      // Where even the coarsest is too large, the caller is told.
      if best == nil, distortion == range.upperBound { return model }
      // As many numbers further as the bits are worth that are too many or too few, by the estimate for an octave.
      let octave = Distortion(code: distortion.code + 256)
      let bits = steps.allocation.bits(distortion, threads: threads) - steps.allocation.bits(octave, threads: threads)
      let shift = 256 * 8 * Double(excess) / max(bits, 1)
      let next = distortion.code + Int(max(-1024, min(1024, shift.rounded(.up)))) + (excess > 0 ? 1 : 0)
      let end = best?.distortion.code ?? range.upperBound.code + 1
      distortion = Distortion(code: max(tooFine + 1, min(end - 1, next)))
    }
    preconditionFailure("a search ended without a model")
  }

  private func choice(
    _ model: QuantizedModel, _ trials: [DistortionSearch.Trial], _ chosen: Int, _ judge: OutputJudge?,
    _ steps: WeightSteps, walks: Bool
  ) -> Choice {
    let candidates = trials.map {
      Report.StepSearchSummary.Candidate(distortion: $0.distortion.value, bytes: $0.bytes, cost: $0.cost)
    }
    return Choice(
      model: model, walks: walks,
      summary: Report.StepSearchSummary(
        samples: judge?.count ?? 0, isDivergence: judge?.isDivergence ?? true, candidates: candidates, chosen: chosen),
      unknown: steps.unknown, limit: limit)
  }

  private func gather(_ gatherer: MomentGatherer, _ samples: [Int]) -> [NodeID: InputMoments] {
    observer.begin("Gathering moments", count: samples.count)
    defer { observer.end() }
    return gatherer.run(loader, samples: samples, threads: threads) { [observer] _ in observer.advance() }
  }

  private func measure(_ samples: [Int]) -> NetworkSensitivity {
    observer.begin("Measuring sensitivities", count: samples.count)
    defer { observer.end() }
    return sensitivity.run(loader, samples: samples, seed: seed, threads: threads) { [observer] _ in observer.advance()
    }
  }
}

/// A network whose weights follow from one number.
private struct WeightSteps {
  let allocation: StepAllocation
  /// Layers whose weights do not, and why.
  let unknown: [String]
  private let quantizer: Quantizer
  private let quantizations: [ValueID: Quantization]
  private let compensations: [NodeID: ErrorCompensation]
  private let means: [NodeID: [Double]]
  private let threads: Int

  init(
    _ quantizer: Quantizer, _ quantizations: [ValueID: Quantization], _ moments: [NodeID: InputMoments],
    _ sensitivity: NetworkSensitivity, _ threads: Int
  ) {
    self.quantizer = quantizer
    self.quantizations = quantizations
    self.threads = threads
    compensations = ErrorCompensation.all(moments, threads: threads)
    means = moments.mapValues(\.means)
    var layers: [StepAllocation.Layer] = []
    var unknown: [String] = []
    for (node, compensation) in compensations.sorted(by: { $0.key < $1.key }) {
      guard let layer = quantizer.layer(node) else { continue }
      guard let known = sensitivity.layers[layer.output] else {
        unknown.append("\(layer.name): \(sensitivity.unknown[layer.output].map { "\($0)" } ?? "nothing depends on it")")
        continue
      }
      layers.append(StepAllocation.Layer(node: node, layer.weights, known, compensation))
    }
    allocation = StepAllocation(layers)
    self.unknown = unknown
  }

  /// The steps of each layer.
  func roundings(_ distortion: Distortion) -> [NodeID: WeightRounding] {
    let biasSteps = allocation.biasSteps(distortion)
    var roundings: [NodeID: WeightRounding] = [:]
    for (node, scales) in allocation.scales(distortion) {
      roundings[node] = WeightRounding(scales: scales)
      roundings[node]?.biasSteps = biasSteps[node]
    }
    return roundings
  }

  /// The network whose layers are each rounded by itself.
  func model(_ distortion: Distortion) throws(Refusal) -> QuantizedModel {
    var roundings = roundings(distortion)
    for (node, compensation) in compensations {
      roundings[node, default: .nearest].compensation = compensation
      roundings[node]?.inputMeans = means[node]
    }
    return try quantizer.run(quantizations, rounding: roundings, threads: threads)
  }
}

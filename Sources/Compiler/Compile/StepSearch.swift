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
  let seed: UInt64
  let samples: (ranging: [Int], judging: [Int])

  /// A network whose steps are searched.
  struct Network {
    let learner: RoundingLearner
    let sensitivity: () throws(Refusal) -> SensitivityMeasure
    /// Steps by the samples they follow from.
    let shared: SharedWork<FloatNetwork.RangedSamples, WeightSteps>
  }

  /// The network, and what was tried on the way to it.
  struct Choice {
    let model: QuantizedModel
    /// Which of the networks it was made of.
    let network: Int
    /// What the chosen steps cost in each of several networks; none where not all have any.
    let costs: [[Double]]
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
    case .cost, .agreement, .drop: nil
    }
  }

  /// Nil where the steps of plain int8 cost more already than asked for.
  ///
  /// - Parameters:
  ///   - networks: that compute the same in float; what half of the samples finds for each is judged, and the better
  ///     goes on
  ///   - judge: of the judging samples; nil where there are too few for one, and then the first network is taken
  func run(_ networks: [Network], judge: OutputJudge?) throws(Refusal) -> Choice? {
    let all = samples.ranging + samples.judging
    guard let judge else {
      if case .cost = target {
        throw Refusal("--max-kl needs at least \(2 * OutputJudge.fewestSamples) calibration samples to judge by")
      }
      let steps = try steps(networks[0], all) { gathered(all, networks[0]) }
      guard let found = try find(steps, networks[0].learner, judge: nil) else { return nil }
      return choice(try steps.apart(found.distortion), of: 0, walks: false, found, steps, judge: nil)
    }
    var half: [NodeID: InputMoments]?
    var founds: [(network: Int, found: Found)] = []
    for (index, network) in networks.enumerated() {
      let first = try steps(network, samples.ranging) {
        let moments = gathered(samples.ranging, network)
        // Of several networks they would take several times the memory.
        if networks.count == 1 { half = moments }
        return moments
      }
      if let found = try find(first, network.learner, judge: judge) { founds.append((index, found)) }
    }
    guard var (index, found) = founds.first else { return nil }
    for other in founds.dropFirst() where isBetter(other.found, than: found) { (index, found) = other }
    let network = networks[index]
    let final = try steps(network, all) {
      var moments = half ?? gathered(samples.ranging, network)
      half = nil
      for (layer, more) in gathered(samples.judging, network) { moments[layer]?.merge(more) }
      return moments
    }
    let (model, walks) = try settle(found, final, network.learner, judge)
    let costs = founds.compactMap(\.found.costs)
    return choice(
      model, of: index, walks: walks, found, final, judge: judge, costs: costs.count == networks.count ? costs : [])
  }

  private func gathered(_ samples: [Int], _ network: Network) -> [NodeID: InputMoments] {
    network.learner.moments(samples, ofAtMost: self.samples.ranging.count + self.samples.judging.count)
  }

  private func steps(
    _ network: Network, _ samples: [Int], _ moments: () -> [NodeID: InputMoments]
  ) throws(Refusal) -> WeightSteps {
    let learner = network.learner
    return try network.shared(.init(ranges: learner.network.ranges, samples: samples)) { () throws(Refusal) in
      let sensitivities = learner.sensitivities(try network.sensitivity(), samples, seed: seed)
      return WeightSteps(learner.network, moments(), sensitivities)
    }
  }

  /// Whether the answers are nearer the float network's; where that is what was asked for, whether the bundle is
  /// smaller.
  private func isBetter(_ one: Found, than other: Found) -> Bool {
    let (a, b) = (one.trials[one.chosen], other.trials[other.chosen])
    if case .cost = target { return a.bytes < b.bytes }
    return (a.cost ?? .infinity) < (b.cost ?? .infinity)
  }

  private func choice(
    _ model: QuantizedModel, of network: Int, walks: Bool, _ found: Found, _ steps: WeightSteps, judge: OutputJudge?,
    costs: [[Double]] = []
  ) -> Choice {
    let candidates = found.trials.map {
      Report.StepSearchSummary.Candidate(distortion: $0.distortion.value, bytes: $0.bytes, cost: $0.cost)
    }
    return Choice(
      model: model, network: network, costs: costs, walks: walks,
      summary: Report.StepSearchSummary(
        samples: judge?.count ?? 0, isDivergence: judge?.isDivergence ?? true, candidates: candidates,
        chosen: found.chosen),
      unknown: steps.unknown, limit: limit)
  }

  // MARK: On one half

  /// The number that one half of the samples asks for.
  private struct Found {
    var trials: [DistortionSearch.Trial]
    var chosen: Int
    /// The network of the chosen trial, where a cost is asked for.
    var model: QuantizedModel?
    /// Whether rounding layers one after the other costs less than rounding each by itself.
    var walks = true
    /// What the chosen trial costs on each sample, where a size is asked for.
    var costs: [Double]?

    var distortion: Distortion { trials[chosen].distortion }
  }

  private func find(_ steps: WeightSteps, _ learner: RoundingLearner, judge: OutputJudge?) throws(Refusal) -> Found? {
    guard case .cost(let cost) = target else { return try findSize(steps, learner, judge) }
    var within: QuantizedModel?
    var search = DistortionSearch(steps.allocation.range, bits: steps.bits) { (distortion) throws(Refusal) in
      let model = try walked(distortion, steps, learner, samples.ranging)
      let trial = try self.trial(distortion, model, costs: judge?.costs("Judging steps", of: model.graph))
      if trial.cost.map({ $0 <= cost }) ?? false { within = model }
      return trial
    }
    guard let best = try search.coarsest(costing: cost) else { return nil }
    return Found(trials: search.trials, chosen: StepSearch.index(of: best, in: search.trials), model: within)
  }

  private func findSize(
    _ steps: WeightSteps, _ learner: RoundingLearner, _ judge: OutputJudge?
  ) throws(Refusal) -> Found {
    guard let limit else { preconditionFailure("a target is neither a size nor a cost") }
    var costs: [Distortion: [Double]] = [:]
    // Sizes are told as well by rounding each layer by itself, which takes less time.
    var search = DistortionSearch(steps.allocation.range, bits: steps.bits) { (distortion) throws(Refusal) in
      let model = try steps.apart(distortion)
      costs[distortion] = try judge?.costs("Judging steps", of: model.graph)
      return try trial(distortion, model, costs: costs[distortion])
    }
    guard let best = try search.finest(within: limit) else {
      let least = search.trials.map(\.bytes).min() ?? 0
      throw Refusal(
        .outOfReach, reason: "a bundle of \(limit) bytes is out of reach: with the coarsest steps it takes \(least)")
    }
    var found = Found(trials: search.trials, chosen: StepSearch.index(of: best, in: search.trials))
    guard let judge, let apart = costs[best.distortion] else { return found }
    let model = try walked(best.distortion, steps, learner, samples.ranging)
    let walked = try judge.costs("Judging steps", of: model.graph)
    found.walks = OutputJudge.keepsFirst([walked, apart])
    found.trials.append(try trial(best.distortion, model, costs: walked))
    if found.walks { found.chosen = found.trials.count - 1 }
    found.costs = found.walks ? walked : apart
    return found
  }

  private func trial(
    _ distortion: Distortion, _ model: QuantizedModel, costs: [Double]?
  ) throws(Refusal) -> DistortionSearch.Trial {
    .init(distortion: distortion, bytes: try size(model.graph), cost: costs.map { MeanCost($0).mean })
  }

  private static func index(of trial: DistortionSearch.Trial, in trials: [DistortionSearch.Trial]) -> Int {
    guard let index = trials.firstIndex(where: { $0.distortion == trial.distortion }) else {
      preconditionFailure("a search found what it did not try")
    }
    return index
  }

  /// The network whose layers are rounded one after the other.
  private func walked(
    _ distortion: Distortion, _ steps: WeightSteps, _ learner: RoundingLearner, _ samples: [Int]
  ) throws(Refusal) -> QuantizedModel {
    try learner.network.rounded(try learner.walk(samples, steps.roundings(distortion)))
  }

  // MARK: On all

  /// The network of what all samples tell.
  ///
  /// More samples are better, by all that is known; but none were apart to judge. So of several ways to learn from them
  /// the first is taken that costs hardly more than what was judged, and no more than asked for; else what costs least.
  private func settle(
    _ found: Found, _ steps: WeightSteps, _ learner: RoundingLearner, _ judge: OutputJudge
  ) throws(Refusal) -> (model: QuantizedModel, walks: Bool) {
    var most = StepSearch.tolerance * (found.trials[found.chosen].cost ?? .infinity)
    if case .cost(let cost) = target { most = min(most, cost) }
    var best: (cost: Double, model: QuantizedModel, walks: Bool)?
    let everything = samples.ranging + samples.judging
    for way in found.walks ? [everything, samples.ranging, []] : [[]] {
      let model: QuantizedModel
      if way.isEmpty, let judged = found.model {
        model = judged
      } else {
        model = try fitting(steps, from: found.distortion) { (distortion) throws(Refusal) in
          try way.isEmpty ? steps.apart(distortion) : walked(distortion, steps, learner, way)
        }
      }
      let cost = MeanCost(try judge.costs("Judging weights", of: model.graph)).mean
      let walks = !way.isEmpty || found.model != nil
      if best.map({ cost < $0.cost }) ?? true { best = (cost, model, walks) }
      if cost <= most { break }
    }
    guard let best else { preconditionFailure("no way to round weights is given") }
    return (best.model, best.walks)
  }

  private static let tolerance = 1.1

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
      let bits = steps.bits(distortion) - steps.bits(Distortion(code: distortion.code + 256))
      let shift = 256 * 8 * Double(excess) / max(bits, 1)
      let next = distortion.code + Int(max(-1024, min(1024, shift.rounded(.up)))) + (excess > 0 ? 1 : 0)
      let end = best?.distortion.code ?? range.upperBound.code + 1
      distortion = Distortion(code: max(tooFine + 1, min(end - 1, next)))
    }
    preconditionFailure("a search ended without a model")
  }
}

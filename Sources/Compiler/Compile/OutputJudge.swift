import DataSets
import IR
import Reports
import Runtime
import Tensors

/// What int8 networks cost at the output, on samples that had no part in making them.
struct OutputJudge {
  /// With fewer samples to judge on nothing is tried.
  static let fewestSamples = 8

  /// How many samples could be read.
  let count: Int
  private let samples: [Int]
  private let reference: [[Float]?]
  private let cost: OutputCost
  private let position: Int
  private let loader: SampleLoader
  private let threads: Int
  private let observer: any WorkObserver

  /// Nil where there are too few samples.
  ///
  /// - Parameters:
  ///   - float: a plan of the float graph
  ///   - fewest: how many there must be
  init?(
    _ float: Plan, _ decision: DecisionOutput, _ loader: SampleLoader, samples: [Int],
    fewest: Int = OutputJudge.fewestSamples, threads: Int, observer: any WorkObserver
  ) {
    if samples.count < fewest { return nil }
    self.samples = samples
    self.loader = loader
    self.threads = threads
    self.observer = observer
    position = decision.position
    cost = OutputCost(decision.meaning, decision.rows)
    observer.begin("Answering in float", count: samples.count)
    defer { observer.end() }
    reference = OutputJudge.outputs(of: float, loader, samples, threads, position, observer)
    // One that cannot be read judges nothing; the loader tells of it.
    count = reference.count { $0 != nil }
    if count < fewest { return nil }
  }

  /// Whether costs are divergences; else relative squared errors.
  var isDivergence: Bool { cost.isDivergence }

  /// What the float network and another say of a sample, and how far apart they are.
  struct Run {
    let float: [Float]
    let other: [Float]
    let cost: Double
  }

  /// What a network says of each sample that could be read.
  func runs(_ stage: String, of network: Graph) throws(Refusal) -> [Run] {
    observer.begin(stage, count: samples.count)
    defer { observer.end() }
    return try runs(network)
  }

  /// What a network costs on each of them.
  func costs(_ stage: String, of network: Graph) throws(Refusal) -> [Double] {
    try runs(stage, of: network).map(\.cost)
  }

  /// What each of some networks costs. One is made after the other.
  func costs<Candidate>(
    _ stage: String, of candidates: [Candidate], network: (Candidate) throws(Refusal) -> Graph
  ) throws(Refusal) -> [[Double]] {
    observer.begin(stage, count: samples.count * candidates.count)
    defer { observer.end() }
    var costs: [[Double]] = []
    for candidate in candidates { costs.append(try runs(try network(candidate)).map(\.cost)) }
    return costs
  }

  private func runs(_ network: Graph) throws(Refusal) -> [Run] {
    let plan = try Preparation.plan(network, fusesRows: true)
    let answers = OutputJudge.outputs(of: plan, loader, samples, threads, position, observer)
    return zip(reference, answers).compactMap { float, other in
      guard let float, let other else { return nil }
      return Run(float: float, other: other, cost: cost(float: float, other: other))
    }
  }

  /// The costs of candidates by their names.
  func summary(_ names: [[String]], _ costs: [[Double]]) -> Report.SearchSummary {
    Report.SearchSummary(
      samples: count, isDivergence: cost.isDivergence,
      candidates: zip(names, costs).map { names, costs in
        let cost = MeanCost(costs)
        return Report.SearchSummary.Candidate(names, cost: cost.mean, standardError: cost.standardError)
      })
  }

  /// The candidate with the least mean among those whose costs are below the first one's by so many standard errors of
  /// the difference, sample by sample; else the first. Least of several means that differ by chance alone is not best.
  static func best(_ costs: [[Double]]) -> Int {
    var best = (index: 0, mean: MeanCost(costs[0]).mean)
    for index in 1..<costs.count {
      let mean = MeanCost(costs[index]).mean
      let difference = MeanCost(zip(costs[index], costs[0]).map { $0 - $1 })
      if difference.mean + certainty * difference.standardError < 0, mean < best.mean { best = (index, mean) }
    }
    return best.index
  }

  /// Whether the first of two, which is better in general, is taken: the second must cost less beyond chance, or the
  /// first break down.
  ///
  /// The means of some ten samples say little, since a few of them are most of a mean; twice as much is not chance.
  static func keepsFirst(_ costs: [[Double]]) -> Bool {
    best(costs) == 0 && MeanCost(costs[0]).mean <= 2 * MeanCost(costs[1]).mean
  }

  /// Standard errors by which another must be better.
  private static let certainty = 2.0

  /// What a network says of samples; nil of those that cannot be read.
  static func outputs(
    of plan: Plan, _ loader: SampleLoader, _ samples: [Int], _ threads: Int, _ position: Int,
    _ observer: any WorkObserver
  ) -> [[Float]?] {
    Inference.run(plan, on: loader, samples: samples, threads: threads, output: position) { observer.advance() }
  }
}

/// The mean of some costs, and its standard error.
struct MeanCost {
  let mean: Double
  let standardError: Double

  init(_ costs: [Double]) {
    let count = Double(max(1, costs.count))
    mean = costs.reduce(0, +) / count
    let center = mean
    let squares = costs.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    standardError = (squares / count / max(1, count - 1)).squareRoot()
  }
}

package import IR
package import Math
import Operators
package import Runtime
package import Tensors

/// What it costs a network's answer that int8 rounds, place by place: foretold to second order from float runs.
///
/// With e the error that rounding makes at a place on a sample and g the gradient there of a random change of the
/// answer (`SensitivityMeasure`), the divergence KL(float || rounded) is about 1/2 E (g' e)^2: all of e is in it, with
/// what its elements have to do with each other. Of several places, the sum of their g' e is squared.
package struct RoundingMeasure: Sendable {
  private let runs: ChangeRuns
  /// For each place the output of the graph that is g' e; nil where it is unknown, or the answer does not depend on it.
  private let outputs: [Int?]
  private let isWeights: [Bool]
  private let batch: Int
  /// Why a place's cost is not known, by its position among all.
  package let unknown: [Int: Refusal]

  /// - Parameters:
  ///   - graph: the float graph that the roundings are of
  ///   - output: which of its outputs has the answer
  ///   - answer: what that says
  ///   - batch: samples that a run takes
  package init(
    _ graph: Graph, _ roundings: Roundings, output: Int, answer: AnswerKind, batch: Int = 1, math: any FloatMath
  ) throws(Refusal) {
    let values = roundings.places.compactMap { place in if case .value(let value) = place { value } else { nil } }
    var gradients = try GradientGraph(graph, at: Set(values), output: output, answer, batch: batch)
    var outputs: [Int?] = []
    var unknown: [Int: Refusal] = [:]
    for (index, place) in roundings.places.enumerated() {
      let gradient: ValueID?
      switch place {
      case .value(let value):
        unknown[index] = gradients.blocked[value]
        gradient = gradients.ofValues[value]
      case .weights(let id):
        let output = graph[id]?.outputs.first
        unknown[index] = output.flatMap { gradients.unknown[$0] }
        gradient = output.flatMap { gradients.ofLayers[$0] }
      }
      guard let gradient, unknown[index] == nil else {
        outputs.append(nil)
        continue
      }
      let error = try roundings.addError(of: place, to: &gradients.graph)
      let product = try gradients.graph.add(Binary(.mul), name: "effect", inputs: [gradient, error])[0]
      let shape = gradients.graph.type(of: product).shape
      // Each sample of a run has an effect of its own.
      let axes = batch > 1 && shape.first == batch ? Array(1..<shape.count) : []
      let sum = Reduce(.sum, axes: axes)
      let isSummed = !shape.isEmpty && shape.count > (axes.isEmpty ? 0 : 1)
      outputs.append(gradients.graph.outputs.count)
      gradients.graph.addOutput(isSummed ? try gradients.graph.add(sum, name: "effect", inputs: [product])[0] : product)
    }
    self.outputs = outputs
    self.unknown = unknown
    self.batch = batch
    isWeights = roundings.places.map { place in if case .weights = place { true } else { false } }
    runs = ChangeRuns(plan: try Plan(gradients.graph, math: math))
  }

  /// Means over the samples with the given indices.
  package func run(
    _ source: any SampleSource, samples: [Int], draws: Int = SensitivityMeasure.usualDraws, seed: UInt64 = 0,
    threads: Int, progress: (@Sendable (Int) -> Void)? = nil
  ) -> RoundingCosts {
    var total = Sums(places: outputs.count)
    runs.run(source, samples: samples, draws: draws, seed: seed, threads: threads, progress: progress) { executor in
      executor.run()
      return outputs.map { output in output.map { executor.floats(ofOutput: $0).map(Double.init) } ?? [] }
    } add: { draws in
      var sample = Sums(places: outputs.count)
      for effects in draws { sample.add(effects, isWeights: isWeights, batch: batch) }
      total.add(sample, draws: draws.count)
    }
    return total.costs(known: outputs.indices.map { unknown[$0] == nil })
  }
}

/// What rounding costs, as `RoundingMeasure` foretells it.
package struct RoundingCosts: Sendable {
  /// A mean over samples, and its standard error.
  package struct Cost: Sendable, Equatable {
    package let mean: Double
    package let standardError: Double
  }

  /// Of each place alone; nil where it is not known.
  package let alone: [Cost?]
  /// Of each place with all before it.
  package let upTo: [Double]
  /// Of each place alone, where no sample counts for more than some usual ones; 0 where it is not known.
  ///
  /// Errors that a network blows up on one image are beyond what is foretold to second order: its places would be all
  /// of a mean.
  package let usual: [Double]
  package let weights: Cost
  package let values: Cost
  package let together: Cost
  package let samples: Int
  /// Samples that were left out because something was NaN or infinite.
  package let notFinite: Int
}

/// Squares of effects, added up.
private struct Sums {
  /// Those of each place, then of all weights, of all values, of everything.
  private var costs: [Double]
  private var squares: [Double]
  private var upTo: [Double]
  private let places: Int
  /// What places cost in each run, one run after the other.
  private var runs: [Double] = []
  private var samples = 0
  private var notFinite = 0

  init(places: Int) {
    self.places = places
    costs = [Double](repeating: 0, count: places + 3)
    squares = costs
    upTo = [Double](repeating: 0, count: places)
  }

  /// Adds what one draw gave: for each place the effect on each sample of the run, none where it has none.
  mutating func add(_ effects: [[Double]], isWeights: [Bool], batch: Int) {
    for sample in 0..<batch {
      var (weights, values) = (0.0, 0.0)
      for place in 0..<places {
        // A place that belongs to all samples of a run has one effect for all.
        let effect = effects[place].count == batch ? effects[place][sample] : effects[place].first ?? 0
        if isWeights[place] { weights += effect } else { values += effect }
        costs[place] += effect * effect / 2
        upTo[place] += (weights + values) * (weights + values) / 2
      }
      costs[places] += weights * weights / 2
      costs[places + 1] += values * values / 2
      costs[places + 2] += (weights + values) * (weights + values) / 2
    }
    samples += batch
  }

  /// Adds the mean over the draws of one run; what is not finite is only counted.
  mutating func add(_ run: Sums, draws: Int) {
    guard run.costs.allSatisfy(\.isFinite), run.upTo.allSatisfy(\.isFinite) else {
      notFinite += 1
      return
    }
    for index in costs.indices {
      let cost = run.costs[index] / Double(run.samples)
      costs[index] += cost
      squares[index] += cost * cost
    }
    for index in upTo.indices { upTo[index] += run.upTo[index] / Double(run.samples) }
    runs += run.costs.prefix(places).map { $0 / Double(run.samples) }
    samples += 1
  }

  /// So many times what the middle one costs a run may count for at most.
  private static let mostOfOne = 4.0

  private func usual() -> [Double] {
    var result = [Double](repeating: 0, count: places)
    guard samples > 0, places > 0 else { return result }
    let sums = (0..<samples).map { runs[$0 * places..<($0 + 1) * places].reduce(0, +) }
    let most = Sums.mostOfOne * sums.sorted()[samples / 2]
    for run in 0..<samples {
      let weight = sums[run] > most ? most / sums[run] : 1
      for place in 0..<places { result[place] += weight * runs[run * places + place] / Double(samples) }
    }
    return result
  }

  func costs(known: [Bool]) -> RoundingCosts {
    let count = Double(max(1, samples))
    func cost(_ index: Int) -> RoundingCosts.Cost {
      let mean = costs[index] / count
      let variance = max(0, squares[index] / count - mean * mean)
      return RoundingCosts.Cost(mean: mean, standardError: (variance / max(1, count - 1)).squareRoot())
    }
    return RoundingCosts(
      alone: known.indices.map { known[$0] ? cost($0) : nil }, upTo: upTo.map { $0 / count }, usual: usual(),
      weights: cost(places), values: cost(places + 1), together: cost(places + 2), samples: samples,
      notFinite: notFinite)
  }
}

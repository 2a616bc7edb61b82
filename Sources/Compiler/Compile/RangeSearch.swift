import DataSets
import Quantization
import Reports
import Runtime
import Tensors

/// Finds the estimator of ranges that costs least at the network's output.
///
/// One half of the calibration samples gives the ranges, the int8 network of each estimator answers the other half, and
/// its answers are held against the float network's. No labels are needed. Ranges are then those that the chosen
/// estimator gives on all samples.
struct RangeSearch {
  /// Those that are tried. The first is taken unless another is better by more than chance explains.
  static let estimators: [RangeEstimator] = [.l3, .l4, .mse, .percentile, .minMax]
  /// With fewer samples to judge on nothing is tried.
  private static let fewestJudges = 8
  /// Standard errors by which another must be better.
  private static let certainty = 2.0

  /// Of the float graph.
  let plan: Plan
  let decision: DecisionOutput
  let loader: SampleLoader
  let threads: Int
  let observer: any WorkObserver

  /// What was chosen, and what each candidate cost.
  struct Choice {
    let estimator: RangeEstimator
    /// Nil where there were too few samples to judge on.
    var summary: Report.RangeSearchSummary?
  }

  /// - Parameters:
  ///   - quantizer: knows what the ranging samples' values were
  ///   - judges: samples that had no part in that
  func run(_ quantizer: Quantizer, judges: [Int]) throws(Refusal) -> Choice {
    let first = RangeSearch.estimators[0]
    guard judges.count >= RangeSearch.fewestJudges else { return Choice(estimator: first) }
    observer.begin("Judging ranges", count: judges.count * (RangeSearch.estimators.count + 1))
    defer { observer.end() }
    let reference = outputs(of: plan, judges)
    let cost = OutputCost(decision.meaning, decision.rows)
    var costs: [[Double]] = []
    for estimator in RangeSearch.estimators {
      let model = try quantizer.run(quantizer.quantizations(by: estimator, threads: threads))
      let answers = outputs(of: try Preparation.plan(model.graph, fusesRows: true), judges)
      costs.append(
        zip(reference, answers).compactMap { float, other in
          // A sample that cannot be read judges nothing; the loader tells of it.
          guard let float, let other else { return nil }
          return cost(float: float, other: other)
        })
    }
    guard costs[0].count >= RangeSearch.fewestJudges else { return Choice(estimator: first) }
    let candidates = zip(RangeSearch.estimators, costs).map { estimator, costs in
      let cost = MeanCost(costs)
      return Report.RangeSearchSummary.Candidate(
        estimator: estimator.rawValue, cost: cost.mean, standardError: cost.standardError)
    }
    return Choice(
      estimator: RangeSearch.estimators[RangeSearch.best(costs)],
      summary: Report.RangeSearchSummary(
        samples: costs[0].count, isDivergence: cost.isDivergence, candidates: candidates))
  }

  private func outputs(of plan: Plan, _ samples: [Int]) -> [[Float]?] {
    Inference.run(
      plan, on: loader, samples: samples, threads: threads, output: decision.position, progress: { observer.advance() })
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

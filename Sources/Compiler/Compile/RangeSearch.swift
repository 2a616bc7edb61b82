import Quantization
import Reports
import Tensors

/// Finds the estimator of ranges that costs least at the network's output.
///
/// One half of the calibration samples gives the ranges, the int8 network of each estimator answers the other half, and
/// its answers are held against the float network's. No labels are needed. Ranges are then those that the chosen
/// estimator gives on all samples.
enum RangeSearch {
  /// Those that are tried. The first is taken unless another is better by more than chance explains.
  static let estimators: [RangeEstimator] = [.l3, .l4, .mse, .percentile, .minMax]
  /// Standard errors by which another must be better.
  private static let certainty = 2.0

  /// What was chosen, and what each candidate cost.
  struct Choice {
    let estimator: RangeEstimator
    /// Nil where there were too few samples to judge on.
    var summary: Report.SearchSummary?
  }

  /// - Parameters:
  ///   - quantizer: knows what the ranging samples' values were
  ///   - judge: of samples that had no part in that; nil where there are too few for one
  static func run(_ quantizer: Quantizer, judge: OutputJudge?, threads: Int) throws(Refusal) -> Choice {
    guard let judge else { return Choice(estimator: estimators[0]) }
    let costs = try judge.costs("Judging ranges", of: estimators) { (estimator) throws(Refusal) in
      try quantizer.run(quantizer.quantizations(by: estimator, threads: threads)).graph
    }
    return Choice(
      estimator: estimators[best(costs)], summary: judge.summary(estimators.map { [$0.rawValue] }, costs))
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

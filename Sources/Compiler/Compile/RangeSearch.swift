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

  /// What was chosen, and what each candidate cost.
  struct Choice {
    let estimator: RangeEstimator
    /// Nil where there were too few samples to judge on.
    var summary: Report.SearchSummary?
    /// What it costs on each sample; nil where nothing was judged.
    var costs: [Double]?
  }

  /// - Parameters:
  ///   - quantizer: knows what the ranging samples' values were
  ///   - judge: of samples that had no part in that; nil where there are too few for one
  static func run(_ quantizer: Quantizer, judge: OutputJudge?, threads: Int) throws(Refusal) -> Choice {
    guard let judge else { return Choice(estimator: estimators[0]) }
    let costs = try judge.costs("Judging ranges", of: estimators) { (estimator) throws(Refusal) in
      try quantizer.run(quantizer.quantizations(by: estimator, threads: threads)).graph
    }
    let best = OutputJudge.best(costs)
    return Choice(
      estimator: estimators[best], summary: judge.summary(estimators.map { [$0.rawValue] }, costs), costs: costs[best])
  }
}

package import Tensors

/// For each sample whether it is positive, the probability of that a model gave, and what it decided.
package struct BinaryOutcomes: Sendable {
  package let isPositive: [Bool]
  package let probabilities: [Double]
  package let decisions: [Bool]
  private let ranking: RankingCurve

  /// - Throws: unless there are samples with a probability and a decision each.
  package init(isPositive: [Bool], probabilities: [Double], decisions: [Bool]) throws(Refusal) {
    try Scores.check(outputs: probabilities.map { _ in [] }, probabilities: probabilities.map { [$0] })
    guard isPositive.count == probabilities.count, decisions.count == probabilities.count else {
      throw Refusal(
        "\(isPositive.count) labels and \(decisions.count) decisions for \(probabilities.count) samples")
    }
    self.isPositive = isPositive
    self.probabilities = probabilities
    self.decisions = decisions
    ranking = RankingCurve(probabilities: probabilities, isOwn: isPositive)
  }

  package var measures: BinaryMeasures { measures(weights: [Int](repeating: 1, count: isPositive.count)) }

  /// The measures where each sample stands `weights[sample]` times.
  ///
  /// - Parameter ranks: whether to measure what follows the order of probabilities, which takes most of the time
  func measures(weights: [Int], ranks: Bool = true) -> BinaryMeasures {
    var counts = [0, 0, 0, 0]
    var (squares, total) = (0.0, 0)
    for sample in isPositive.indices {
      let weight = weights[sample]
      counts[(isPositive[sample] ? 2 : 0) + (decisions[sample] ? 1 : 0)] += weight
      let error = probabilities[sample] - (isPositive[sample] ? 1 : 0)
      squares += Double(weight) * error * error
      total += weight
    }
    return BinaryMeasures(
      truePositives: counts[3], falsePositives: counts[1], trueNegatives: counts[0], falseNegatives: counts[2],
      rocAUC: ranks ? ranking.area(weights: weights) : nil,
      averagePrecision: ranks ? ranking.averagePrecision(weights: weights) : nil, brier: squares / Double(total))
  }
}

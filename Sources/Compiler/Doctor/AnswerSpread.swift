import Answers
import Platform

/// How sure a model is of single answers, and how many different ones it gives.
///
/// With wrong inputs a model is unsure, or it is sure of the same answer for everything. Only where single answers have
/// little entropy and all together have much does it tell images apart: the difference is what an answer says about its
/// image (the mutual information that the Inception Score is made of; Salimans et al., 2016).
struct AnswerSpread: Sendable {
  /// The mean entropy of single answers, nats; of several findings the sum over them.
  let entropy: Double
  /// The entropy of the mean answer.
  let overall: Double

  var information: Double { overall - entropy }

  /// Nil for models that decide nothing.
  ///
  /// - Parameter weights: how often each sample stands
  init?(_ probabilities: [[Double]], weights: [Int], task: OutputMeaning.Task) {
    guard task != .none, let count = probabilities.first?.count else { return nil }
    var mean = [Double](repeating: 0, count: count)
    var (entropy, total) = (0.0, 0.0)
    for (row, weight) in zip(probabilities, weights) where weight > 0 {
      let weight = Double(weight)
      for index in mean.indices { mean[index] += weight * row[index] }
      entropy += weight * AnswerSpread.entropy(row, task)
      total += weight
    }
    guard total > 0 else { return nil }
    self.entropy = entropy / total
    overall = AnswerSpread.entropy(mean.map { $0 / total }, task)
  }

  private static func entropy(_ probabilities: [Double], _ task: OutputMeaning.Task) -> Double {
    func part(_ p: Double) -> Double { p > 0 ? -p * log(p) : 0 }
    return probabilities.reduce(0.0) { $0 + part($1) + (task == .multilabel ? part(1 - $1) : 0) }
  }
}

import Answers
import Math

/// How far what a model says of a sample is from what the float model says.
struct OutputCost: Sendable {
  private let meaning: OutputMeaning
  private let rows: OutputRows

  init(_ meaning: OutputMeaning, _ rows: OutputRows) {
    self.meaning = meaning
    self.rows = rows
  }

  /// Whether it is a divergence: the model decides something.
  var isDivergence: Bool { meaning.task != .none }

  /// Summed over the rows of a run: the divergence KL(float || other) of the probabilities, in nats, where there are
  /// several labels of each and its absence; of models that decide nothing the squared error relative to the square of
  /// the float outputs. Infinite where the other answer is no number.
  ///
  /// - Parameters:
  ///   - float: the output of a run
  ///   - other: the other model's on the same sample
  func callAsFunction(float: [Float], other: [Float]) -> Double {
    let pairs = zip(rows.rows(float), rows.rows(other))
    let sum = pairs.reduce(0) { $0 + cost(float: $1.0, other: $1.1) }
    return sum.isNaN ? .infinity : sum
  }

  private func cost(float: [Float], other: [Float]) -> Double {
    guard isDivergence else {
      let noise = zip(float, other).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
      let signal = float.reduce(0.0) { $0 + Double($1) * Double($1) }
      return noise / max(signal, .leastNormalMagnitude)
    }
    let probabilities = zip(meaning.probabilities(float), meaning.probabilities(other))
    return probabilities.reduce(0) { sum, pair in
      let (p, q) = pair
      return sum + OutputCost.term(p, q) + (meaning.task == .multilabel ? OutputCost.term(1 - p, 1 - q) : 0)
    }
  }

  /// Below this a probability counts as this much.
  private static let leastProbability = 1e-12

  private static func term(_ p: Double, _ q: Double) -> Double {
    guard !q.isNaN else { return .nan }
    let p = min(max(p, leastProbability), 1)
    return p * PortableFunctions.log(p / min(max(q, leastProbability), 1))
  }
}

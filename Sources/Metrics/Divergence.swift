import Platform
package import Tensors

/// How far a model's scores are from a reference's on the same samples; no labels are needed.
package struct Divergence: Sendable, Equatable {
  /// The fraction of samples for which both give the same class first.
  package let agreement: Double
  /// The mean Kullback-Leibler divergence KL(reference || model) of the probabilities, in nats.
  package let kl: Double
  /// How far the scores themselves are.
  package let distance: OutputDistance

  /// What a probability counts at least in logarithms.
  static let smallestProbability = 1e-12

  /// - Throws: where the two do not have the same numbers of samples, classes and outputs.
  package init(of model: Scores, from reference: Scores) throws(Refusal) {
    guard model.sampleCount == reference.sampleCount, model.classCount == reference.classCount else {
      throw Refusal(
        "\(model.sampleCount) x \(model.classCount) scores cannot be compared with "
          + "\(reference.sampleCount) x \(reference.classCount)")
    }
    let count = Double(reference.sampleCount)
    let same = zip(model.predictions, reference.predictions).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    agreement = Double(same) / count
    var kl = 0.0
    for (p, q) in zip(reference.probabilities, model.probabilities) { kl += Self.term(p, q) }
    self.kl = kl / count
    distance = try OutputDistance(of: model.outputs, from: reference.outputs)
  }

  /// What one outcome of probability p adds to the divergence of a model that gives it q.
  static func term(_ p: Double, _ q: Double) -> Double {
    let (p, q) = (min(max(p, smallestProbability), 1), min(max(q, smallestProbability), 1))
    return p * log(p / q)
  }
}

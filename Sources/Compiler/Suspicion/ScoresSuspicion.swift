package import Answers

/// Outputs whose numbers cannot be what they are taken for: logits, or probabilities.
package enum ScoresSuspicion {
  /// A few logits may lie between 0 and 1 by chance.
  static let fewestSingles = 16
  private static let slack: Float = 1e-3

  /// - Parameter rows: the model's numbers for all samples there are
  package static func sentence(_ rows: [[Float]], as meaning: OutputMeaning) -> String? {
    guard meaning.task != .none, !rows.isEmpty else { return nil }
    let isWithin = rows.allSatisfy { $0.allSatisfy { (-slack...1 + slack).contains($0) } }
    let areExclusive = meaning.task == .multiclass || meaning.task == .binary && meaning.count == 2
    let sumToOne = rows.allSatisfy { abs($0.reduce(0, +) - 1) <= 10 * slack }
    switch meaning.scores {
    case .logits:
      guard isWithin, areExclusive ? sumToOne && rows.count > 1 : rows.count >= fewestSingles else { return nil }
      return "output \(meaning.output) is taken for logits, but all its numbers are 0 to 1"
        + (areExclusive ? " and sum to 1" : "") + ": if they are probabilities, say --scores probabilities"
    case .probabilities:
      guard isWithin else {
        return "output \(meaning.output) is taken for probabilities, but has numbers outside 0 to 1: "
          + "if they are logits, say --scores logits"
      }
      guard areExclusive, !sumToOne else { return nil }
      return "output \(meaning.output) is taken for probabilities of one class of several, but they do not sum to 1: "
        + "if several can be there, say --task multilabel; if they are logits, --scores logits"
    }
  }
}

package import Tensors

/// Why measures cannot be taken.
extension Refusal {
  /// The two models' answers are not of one kind.
  package static let differentAnswers = Refusal("the two models do not answer in the same way")

  /// A model that decides nothing was to be measured against right answers.
  package static let nothingToMeasure = Refusal(
    "the outputs are no classes, so there is nothing to measure against labels")

  /// A positive class was named of something else than two.
  package static func notBinary(_ classes: Int) -> Refusal {
    Refusal("a positive class is told from one other; there are \(classes) classes")
  }
}

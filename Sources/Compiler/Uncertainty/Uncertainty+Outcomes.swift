import Answers
import Metrics
import Reports
import Tensors

extension Uncertainty {
  /// How what was fitted proves on other samples.
  ///
  /// - Parameters:
  ///   - runs: the model's outputs for the samples
  ///   - labels: the right class of each
  func outcomes(
    _ decision: DecisionOutput, runs: [[Float]], labels: [Int]
  ) throws(Refusal) -> CertaintyOutcomes {
    let rows = runs.flatMap(decision.rows.rows)
    let answers = rows.map(decision.meaning.answer)
    let certainties = zip(rows, answers).map { certainty($0, $1, decision.meaning) }
    func scores(_ probabilities: [[Double]]) throws(Refusal) -> LabelledScores {
      try LabelledScores(
        Scores(outputs: rows, probabilities: probabilities, predictions: answers.flatMap(\.decided)), labels: labels)
    }
    return try CertaintyOutcomes(
      stated: scores(answers.map(\.probabilities)), calibrated: scores(certainties.map(\.probabilities)),
      confidences: certainties.map(\.confidence), sets: certainties.map(\.set),
      abstains: certainties.map(\.abstains))
  }

  /// What is said of samples, for gates that compare builds image by image.
  func told(_ decision: DecisionOutput, runs: [[Float]]) -> AnsweredSamples.Certainty {
    let certainties = runs.flatMap(decision.rows.rows)
      .map { certainty($0, decision.meaning.answer($0), decision.meaning) }
    return AnsweredSamples.Certainty(
      sets: certainties.map { $0.set.sorted() }, abstains: certainties.map(\.abstains),
      probabilities: certainties.map(\.probabilities))
  }
}

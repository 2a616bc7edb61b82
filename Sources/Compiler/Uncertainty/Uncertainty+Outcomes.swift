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
  ///   - distances: how far each is from those fitted on; nil where nothing was fitted of that
  func outcomes(
    _ decision: DecisionOutput, runs: [[Float]], labels: [Int], distances: [Float]?
  ) throws(Refusal) -> CertaintyOutcomes {
    let rows = runs.flatMap(decision.rows.rows)
    let answers = rows.map(decision.meaning.answer)
    let certainties = certainties(decision, rows, answers, distances)
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
  func told(
    _ decision: DecisionOutput, runs: [[Float]], distances: [Float]?
  ) -> AnsweredSamples.Certainty {
    let rows = runs.flatMap(decision.rows.rows)
    let certainties = certainties(decision, rows, rows.map(decision.meaning.answer), distances)
    return AnsweredSamples.Certainty(
      sets: certainties.map { $0.set.sorted() }, abstains: certainties.map(\.abstains),
      probabilities: certainties.map(\.probabilities))
  }

  private func certainties(
    _ decision: DecisionOutput, _ rows: [[Float]], _ answers: [Answer], _ distances: [Float]?
  ) -> [Certainty] {
    precondition(distances.map { $0.count == rows.count } ?? true, "there is not a distance for each sample")
    return rows.indices.map { index in
      certainty(rows[index], answers[index], decision.meaning, distance: distances?[index])
    }
  }
}

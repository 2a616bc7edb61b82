import Answers
import IR
import Math
import Metrics
import Tensors
import Testing

@testable import Compiler

/// What answers lose against the float model's, seen and foretold.
@Suite struct AnswerLossTests {
  private func rows(_ count: Int) -> OutputRows {
    OutputRows(
      input: TensorType(.float32, [1, 3, 4, 4]), output: TensorType(.float32, [1, count]), hasFreeBatch: false)
  }

  private func loss(
    _ measure: AnswerLoss.Measure, _ task: OutputMeaning.Task, scores: OutputMeaning.Scores = .probabilities,
    thresholds: [Double] = [], _ runs: [([Float], [Float])]
  ) -> AnswerLoss.Found {
    let count = runs[0].0.count
    var meaning = OutputMeaning(output: "y", task: task, scores: scores, count: count)
    meaning.thresholds = thresholds
    return AnswerLoss(measure, meaning, rows(count))(
      runs.map { OutputJudge.Run(float: $0.0, other: $0.1, cost: 0.25) })
  }

  @Test func costsAreMeans() {
    let found = loss(.cost, .multiclass, [([0.75, 0.25], [0.5, 0.5]), ([0.5, 0.5], [0.5, 0.5])])
    #expect(found.seen.value == 0.25 && found.foretold == nil && found.loss == 0.25)
  }

  @Test(arguments: [AnswerLoss.Measure.changes, .drop])
  func equalAnswersLoseNothing(measure: AnswerLoss.Measure) throws {
    let float: [[Float]] = [[0.5, 0.375, 0.125], [0.25, 0.25, 0.5], [0.9, 0.1, 0]]
    for task in [OutputMeaning.Task.multiclass, .multilabel] {
      let found = loss(measure, task, float.map { ($0, $0) })
      #expect(try found.seen.value == 0 && #require(found.foretold).mean == 0 && found.loss == 0)
    }
  }

  /// Two of four samples decide otherwise; the float model gave the class it loses so much more than the other.
  @Test func classesThatChangeAreCounted() {
    let runs: [([Float], [Float])] = [
      ([0.5, 0.375, 0.125], [0.375, 0.5, 0.125]), ([0.25, 0.25, 0.5], [0.5, 0.25, 0.25]),
      ([0.75, 0.125, 0.125], [0.625, 0.25, 0.125]), ([0.125, 0.75, 0.125], [0.25, 0.5, 0.25]),
    ]
    let changes = loss(.changes, .multiclass, runs)
    #expect(changes.seen.value == 0.5 && changes.loss >= 0.5)
    #expect(changes.seen.low.map { $0 > 0 && $0 < 0.5 } == true && changes.seen.high.map { $0 > 0.5 } == true)
    let drop = loss(.drop, .multiclass, runs)
    #expect(drop.seen.value == (0.125 + 0.25) / 4)
  }

  /// Logits at distances 1, 2, 3 and 4 from the border, and errors of 0, 0, 0 and 2.5: one in four times one in two
  /// (errors have either sign) of the two that are nearer.
  @Test func changesAreForetoldFromMargins() throws {
    let margins: [Float] = [1, 2, 3, 4]
    let errors: [Float] = [0, 0, 0, 2.5]
    let runs = zip(margins, errors).map { ([$0], [$0 + $1]) }
    let found = loss(.changes, .binary, scores: .logits, runs)
    let foretold = try #require(found.foretold)
    #expect(found.seen.value == 0)
    #expect(abs(foretold.mean - 2.0 / 4 / 8) < 1e-12)
    // Means over samples of 1/8, 1/8, 0, 0.
    #expect(abs(foretold.standardError - (0.0625 * 0.0625 * 4 / 4 / 3).squareRoot()) < 1e-12)
    #expect(found.loss == foretold.mean + foretold.standardError)
    // What each loses is twice its distance from one half.
    let drop = try #require(loss(.drop, .binary, scores: .logits, runs).foretold)
    let lost = [1.0, 2].map { 2 * (UnaryFunction.sigmoid($0) - 0.5) / 8 }
    #expect(abs(drop.mean - (lost[0] + lost[1]) / 4) < 1e-9)
  }

  /// At a threshold of 0.2 a finding of 0.3 that is missed counts 2 (0.3 - 0.2).
  @Test func thresholdsWeighErrors() {
    let found = loss(.drop, .binary, thresholds: [0.2], [([0.3], [0.1]), ([0.1], [0.15])])
    #expect(abs(found.seen.value - 0.1) < 1e-7)
    let labels = loss(.drop, .multilabel, thresholds: [0.2, 0.5], [([0.3, 0.75], [0.1, 0.25])])
    #expect(abs(labels.seen.value - (0.2 + 0.5) / 2) < 1e-7)
    #expect(loss(.changes, .multilabel, thresholds: [0.2, 0.5], [([0.3, 0.75], [0.1, 0.25])]).seen.value == 1)
  }

  /// The rival that is ahead counts, be it the second: here the third class wins by an error that only it has.
  @Test func anyRivalMayWin() throws {
    let float: [Float] = [2, 1.5, 1]
    let found = loss(.changes, .multiclass, scores: .logits, [(float, [2, 1.5, 2.25]), (float, [2, 1.5, 1])])
    // Of each sample half of the errors, of one sign; the third loses as much as it gains in log-probability.
    #expect(try abs(#require(found.foretold).mean - 0.25) < 1e-12)
  }

  /// What is no number is no answer.
  @Test func notANumberIsLost() throws {
    let found = loss(.changes, .multiclass, scores: .logits, [([2, 1], [.nan, .nan]), ([2, 1], [2, 1])])
    #expect(try #require(found.foretold).mean >= 0.25)
  }
}

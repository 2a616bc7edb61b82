import Answers
import IR
import Metrics
import Tensors
import Testing

@testable import Compiler

/// Which candidate is taken, and what an answer costs.
@Suite struct RangeSearchTests {
  /// Each sample costs about a tenth less: a small difference, but no chance.
  @Test func takesWhatIsBetterByMoreThanChance() {
    let first = (0..<40).map { 1 + Double($0 % 7) }
    let better = first.enumerated().map { $1 * ($0 % 2 == 0 ? 0.88 : 0.92) }
    let best = first.enumerated().map { $1 * ($0 % 2 == 0 ? 0.78 : 0.82) }
    #expect(OutputJudge.best([first, better]) == 1)
    #expect(OutputJudge.best([first, better, best]) == 2)
    #expect(OutputJudge.best([first, best, better]) == 1)
    #expect(OutputJudge.best([first, first.map { $0 + 1 }]) == 0)
    #expect(OutputJudge.best([first, first]) == 0)
  }

  /// What is better in general is left where the other is better beyond chance, or where it breaks down.
  @Test func keepsWhatIsBetterInGeneral() {
    let costs = (0..<40).map { 1 + Double($0 % 7) }
    #expect(OutputJudge.keepsFirst([costs, costs]))
    #expect(OutputJudge.keepsFirst([costs, costs.map { $0 / 0.9 }]))
    #expect(!OutputJudge.keepsFirst([costs, costs.map { $0 * 0.9 }]))
    let few = [Double](repeating: 1, count: 39)
    #expect(OutputJudge.keepsFirst([few + [30], few + [1]]))
    #expect(!OutputJudge.keepsFirst([few + [300], few + [1]]))
  }

  /// A lower mean that one sample alone makes is not taken, nor one that is not known on all samples.
  @Test func leavesWhatIsBetterByChance() {
    let first = [Double](repeating: 1, count: 39) + [60]
    let lucky = [Double](repeating: 1.1, count: 39) + [10]
    #expect(lucky.reduce(0, +) < first.reduce(0, +))
    #expect(OutputJudge.best([first, lucky]) == 0)
    #expect(OutputJudge.best([first, [.infinity] + first.dropFirst().map { $0 / 2 }]) == 0)
    #expect(OutputJudge.best([[.infinity], [1]]) == 0)
  }

  private func rows(_ count: Int) -> OutputRows {
    OutputRows(
      input: TensorType(.float32, [1, 3, 4, 4]), output: TensorType(.float32, [1, count]), hasFreeBatch: false)
  }

  private let float: [Float] = [1.5, -0.25, 0.5]
  private let other: [Float] = [1.25, 0.25, 0.75]

  /// The divergence that reports state, computed by another module.
  @Test func costsOfClassesAreTheDivergenceOfReports() throws {
    let meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    let scores = try [float, other].map {
      try Scores(outputs: [$0], probabilities: [meaning.probabilities($0)], predictions: [0])
    }
    let divergence = try Divergence(of: scores[1], from: scores[0]).kl
    let cost = OutputCost(meaning, rows(3))
    #expect(cost.isDivergence && divergence > 0.01)
    #expect(abs(cost(float: float, other: other) - divergence) < 1e-12)
    #expect(abs(cost(float: float, other: float)) < 1e-15)
    #expect(cost(float: float, other: [.nan, 0, 0]) == .infinity)
  }

  @Test func costsOfLabelsAreTheDivergenceOfReports() throws {
    let meaning = OutputMeaning(output: "y", task: .multilabel, scores: .logits, count: 3)
    let scores = try [float, other].map {
      try MultiLabelScores(
        outputs: [$0], probabilities: [meaning.probabilities($0)], decisions: [[true, false, true]])
    }
    let divergence = try MultiLabelDivergence(of: scores[1], from: scores[0]).kl
    #expect(divergence > 0.01)
    #expect(abs(OutputCost(meaning, rows(3))(float: float, other: other) - divergence) < 1e-12)
  }

  /// One number that is a probability stands for two classes.
  @Test func costsOfOneNumberAreThoseOfBothClasses() {
    let cost = OutputCost(OutputMeaning(output: "y", task: .binary, scores: .probabilities, count: 1), rows(1))
    // 0.25 ln(0.25 / 0.5) + 0.75 ln(0.75 / 0.5)
    #expect(abs(cost(float: [0.25], other: [0.5]) - 0.130_812_035_941_137) < 1e-12)
    #expect(cost(float: [0.25], other: [1]) < 25)
  }

  @Test func costsWithoutDecisionAreSquaredErrors() {
    let cost = OutputCost(OutputMeaning(output: "y", task: .none, scores: .logits, count: 3), rows(3))
    #expect(!cost.isDivergence)
    // (0.25^2 + 0.5^2 + 0.25^2) / (1.5^2 + 0.25^2 + 0.5^2)
    #expect(abs(cost(float: float, other: other) - 0.375 / 2.5625) < 1e-12)
  }
}

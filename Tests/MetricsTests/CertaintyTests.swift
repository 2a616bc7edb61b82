import Tensors
import Testing

@testable import Metrics

@Suite struct CertaintyTests {
  /// Four samples of two classes; the last is decided wrongly.
  private static let stated = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
  private static let calibrated = [[0.8, 0.2], [0.3, 0.7], [0.5, 0.5], [0.6, 0.4]]
  private static let labels = [0, 1, 0, 1]

  private func outcomes(abstains: [Bool]) throws -> CertaintyOutcomes {
    func scores(_ rows: [[Double]]) throws -> LabelledScores {
      try LabelledScores(
        Scores(outputs: rows.map { $0.map { Float($0) } }, probabilities: rows, predictions: [0, 1, 0, 0]),
        labels: Self.labels)
    }
    return try CertaintyOutcomes(
      stated: scores(Self.stated), calibrated: scores(Self.calibrated), confidences: [0.9, 0.8, 0.6, 0.7],
      sets: [[0], [1], [0, 1], [0]], abstains: abstains)
  }

  @Test func measuresWhatWasSaid() throws {
    let values = try outcomes(abstains: [false, false, true, false]).values(weights: [1, 1, 1, 1])
    func isNear(_ measure: CertaintyMeasure, _ expected: Double) -> Bool {
      abs((values[measure] ?? .infinity) - expected) < 1e-12
    }
    #expect(isNear(.coverage, 0.75) && isNear(.setSize, 1.25) && isNear(.answered, 0.75) && isNear(.risk, 1.0 / 3))
    // Bins of one fifteenth: each sample has its own.
    #expect(isNear(.statedECE, (0.1 + 0.2 + 0.4 + 0.7) / 4) && isNear(.ece, (0.2 + 0.3 + 0.5 + 0.6) / 4))
    #expect(isNear(.statedBrier, 2 * (0.01 + 0.04 + 0.16 + 0.49) / 4))
    // -(ln 0.8 + ln 0.7 + ln 0.5 + ln 0.4) / 4
    #expect(abs((values[.logLoss] ?? 0) - 0.5473141023) < 1e-9)
    // In the order of confidence: right, right, wrong, right.
    #expect(isNear(.aurc, (0 + 0 + 1.0 / 3 + 1.0 / 4) / 4))
  }

  /// A sample that stands twice is two samples.
  @Test func weightsStandForCopies() throws {
    let outcomes = try outcomes(abstains: [true, true, true, true])
    let values = outcomes.values(weights: [2, 0, 1, 0])
    #expect(abs((values[.coverage] ?? 0) - 1) < 1e-15 && abs((values[.setSize] ?? 0) - 4.0 / 3) < 1e-15)
    #expect(values[.risk] == nil && values[.answered] == 0)
    #expect(outcomes.values(weights: [0, 0, 0, 0]).isEmpty)
  }

  @Test func comparesTwoModelsOnTheSameDraws() throws {
    let (float, compiled) = (
      try outcomes(abstains: [false, false, false, false]), try outcomes(abstains: [false, false, true, true])
    )
    let comparison = try CertaintyComparison(float: float, compiled: compiled, groups: nil)
    #expect(comparison.samples == 4 && comparison.compiled.sizes == [0, 3, 1])
    #expect(comparison.deltas[.answered]?.value == -0.5 && comparison.deltas[.ece]?.value == 0)
    #expect(comparison.compiled.figures[.coverage] == Estimate(share: 3, of: 4))
    #expect(comparison.compiled.figures[.risk] == Estimate(share: 0, of: 2))
    #expect(comparison.compiled.classes.map(\.samples) == [2, 2])
    #expect(comparison.compiled.classes[1].coverage == Estimate(share: 1, of: 2))
    #expect(comparison.compiled.classes[0].setSize == 1.5)
    let groups = SampleGroups("lesion_id", of: ["a", "a", "b", "b"])
    let grouped = try CertaintyComparison(float: nil, compiled: compiled, groups: groups)
    #expect(grouped.float == nil && grouped.deltas.isEmpty)
    // Of two groups one is covered in full and one by half: draws of them lie between.
    #expect(grouped.compiled.figures[.coverage] == Estimate(0.75, low: 0.5, high: 1))
  }
}

import CanonicalJSON
import Metrics
import Testing

@testable import Reports

@Suite struct UncertaintyReportTests {
  private static func uncertainty() throws -> UncertaintyReport {
    func outcomes(_ sets: [[Int]]) throws -> CertaintyOutcomes {
      let rows = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
      let scores = try LabelledScores(
        Scores(outputs: rows.map { $0.map { Float($0) } }, probabilities: rows, predictions: [0, 1, 0, 0]),
        labels: [0, 1, 0, 1])
      return try CertaintyOutcomes(
        stated: scores, calibrated: scores, confidences: [0.9, 0.8, 0.6, 0.7], sets: sets,
        abstains: sets.map { $0.count != 1 })
    }
    var report = UncertaintyReport(
      fitted: [
        "temperature": 1.5, "sets": ["method": "lac", "coverage": 0.9, "thresholds": [0.5]],
        "abstention": ["risk": 0.1, "certainty": 0.95, "threshold": 0.625],
        "energy": ["false_alarms": 0.05, "threshold": -2.5], "samples": 4, "data": "ab",
      ], data: Report.DataSummary(count: 4, sha256: "ab"))
    report.floatFitted = ["temperature": 1.25]
    report.classes = ["mel", "nv"]
    report.measured = try CertaintyComparison(
      float: outcomes([[0], [1], [0], [0, 1]]), compiled: outcomes([[0], [1], [0, 1], [0]]), groups: nil)
    return report
  }

  private static func report() throws -> Report {
    var report = sampleReport()
    report.uncertainty = try uncertainty()
    return report
  }

  @Test func survivesItsJSON() throws {
    let report = try Self.report()
    let read = try Report(json: JSON(parsing: report.json.canonicalBytes()))
    #expect(read.uncertainty == report.uncertainty)
    var unmeasured = report
    unmeasured.uncertainty?.measured = nil
    unmeasured.uncertainty?.classes = []
    #expect(try Report(json: unmeasured.json).uncertainty == unmeasured.uncertainty)
    #expect(sampleReport().json["uncertainty"] == nil)
  }

  @Test func isLimitedByBudgets() throws {
    let budget = try Budget(
      json: [
        "min_coverage": 0.8, "min_coverage_per_class": ["mel": 0.9, "nv": 0.6], "max_mean_set_size": 1.25,
        "max_calibrated_ece": 0.5, "max_aurc": 0.1, "min_answered": 0.7, "max_risk": 0.3,
      ], name: "budget")
    let gate = Gate(try Self.report(), budget)
    #expect(
      gate.checks.map(\.line) == [
        "FAIL  min_coverage: 75.00 %, budget 80.00 %", "ok    min_coverage_per_class.mel: 100.00 %, budget 90.00 %",
        "FAIL  min_coverage_per_class.nv: 50.00 %, budget 60.00 %",
        "ok    max_mean_set_size: 1.25 classes, budget 1.25 classes",
        "ok    max_calibrated_ece: 35.00 %, budget 50.00 %", "FAIL  max_aurc: 14.58 %, budget 10.00 %",
        "ok    min_answered: 75.00 %, budget 70.00 %", "FAIL  max_risk: 33.33 %, budget 30.00 %",
      ])
    let unknown = Gate(sampleReport(), budget)
    #expect(unknown.checks.allSatisfy { !$0.passes && $0.measured.contains("--calibrate-probabilities") })
  }

  @Test func isToldInWords() throws {
    let report = try Self.report()
    let text = SummaryText.make(report)
    #expect(text.contains("temperature 1.500, fitted on 4 images: calibration error 35.0 % → 35.0 %"))
    #expect(text.contains("sets (lac, 90 %) hold the right class in 75.0 % ("))
    #expect(text.contains("least often of nv, 50.0 %") && text.contains("answers 75.0 % of images, wrong in 33.3 %"))
    let page = MarkdownReport.make(report)
    for part in [
      "How sure it is", "a confidence of 62.5 %", "Risk over coverage", "AURC above the least", "| 1 | 3 | 3 |",
    ] {
      #expect(page.contains(part), "\(part)")
    }
  }
}

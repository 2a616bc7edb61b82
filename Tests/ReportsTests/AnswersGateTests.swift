import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// Limits on a positive class, labels and subgroups.
struct AnswersGateTests {
  private func checks(_ budget: JSON, _ accuracy: AccuracyReport) throws -> [Gate.Check] {
    var report = sampleReport()
    report.accuracy = accuracy
    return Gate(report, try Budget(json: budget, name: "budget")).checks
  }

  @Test func limitsAPositiveClass() throws {
    let budget: JSON = [
      "min_sensitivity": 0.85, "min_specificity": 0.81, "min_roc_auc": 0.925, "min_pr_auc": 0.8,
      "max_sensitivity_drop": 0.05, "max_specificity_drop": 0, "min_balanced_accuracy": 0.82,
      "max_subgroup_drop": 0.05,
    ]
    let checks = try checks(budget, binaryAccuracy())
    #expect(checks.map(\.passes) == [true, false, true, false, true, true, true, false])
    #expect(
      checks.last?.line == "FAIL  max_subgroup_drop: 10.00 pp (sensitivity, sex = female), budget 5.00 pp")
    #expect(
      try self.checks(["max_sensitivity_drop": 0.1, "use_intervals": true], binaryAccuracy())[0].line
        == "FAIL  max_sensitivity_drop: 12.50 pp, budget 10.00 pp")
  }

  @Test func limitsLabels() throws {
    let budget: JSON = [
      "min_pr_auc": 0.875, "min_specificity_per_class": ["blue veil": 0.8],
      "max_specificity_drop_per_class": ["blue veil": 0.25], "min_sensitivity": 0.5,
    ]
    let checks = try checks(budget, multiLabelAccuracy())
    #expect(checks.map(\.passes) == [true, false, true, false])
    #expect(
      checks[3].measured
        == "not known: the report is not of a binary model; limits of its classes are such as "
        + "\"min_recall\": {\"atypical network\": 0.8}")
  }

  @Test func saysTheTrueReason() throws {
    func reason(_ limit: String, _ accuracy: AccuracyReport) throws -> String? {
      let value: JSON = limit == "min_recall" ? ["mel": 0.1] : 0.1
      return try checks(.object([limit: value]), accuracy).first?.measured
    }
    // Compared on calibration data by the distance of a single output alone.
    var distance = AccuracyReport(data: .heldBack, samples: 16)
    distance.cosine = 0.9
    let noClasses =
      "not known: the models were compared by the distance of their outputs alone, which are no classes; "
      + "say what they mean with --task"
    let noLabels = "not known: the report has no labelled data; compile with --eval"
    #expect(try reason("min_agreement", distance) == noClasses)
    #expect(try reason("min_top1", distance) == noLabels)
    distance.data = .labelled
    for limit in ["min_top1", "max_top1_drop", "max_recall_drop", "min_recall", "min_sensitivity"] {
      #expect(try reason(limit, distance) == noClasses)
    }
    // One model alone.
    var alone = binaryAccuracy()
    alone.float = nil
    alone.deltas = nil
    alone.agreement = nil
    alone.binary?.float = nil
    let isAlone = "not known: the report is of one model alone, not of two compared"
    for limit in ["max_top1_drop", "min_agreement", "max_sensitivity_drop"] {
      #expect(try reason(limit, alone) == isAlone)
    }
    #expect(
      try reason("max_subgroup_drop", sampleAccuracy())
        == "not known: the report has no subgroups; name columns of the labels with --subgroups")
    #expect(
      try checks(["min_sensitivity_at_specificity": ["mel": 0.5]], sampleAccuracy())[0].measured
        == "not known: the report states no specificity for mel")
  }
}

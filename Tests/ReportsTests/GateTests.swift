import CanonicalJSON
import Metrics
import Runtime
import Testing

@testable import Reports

struct GateTests {
  private func gate(_ budget: JSON, _ report: Report = sampleReport()) throws -> Gate {
    Gate(report, try Budget(json: budget, name: "budget"))
  }

  @Test func keepsABudget() throws {
    let gate = try gate([
      "max_bundle_bytes": 2_400_000, "max_macs": 310e6, "max_peak_activation_bytes": 1_204_224, "min_top1": 0.8,
      "min_macro_f1": 0.79, "min_auc": 0.95, "max_top1_drop": 0.01, "max_macro_f1_drop": 0.01,
      "max_recall_drop": 0.04, "min_recall": ["mel": 0.75, "nv": 0.8], "max_recall_drop_per_class": ["mel": 0.0333],
      "min_agreement": 0.97, "max_ece": 0.06, "min_output_sqnr_db": 30, "max_float_layers": 1,
    ])
    #expect(gate.passes)
    #expect(gate.checks.count == 16)
    #expect(
      gate.text.hasPrefix(
        """
        ok    max_bundle_bytes: 2,150,300, budget 2,400,000
        ok    max_macs: 299,529,216, budget 310,000,000
        """))
    #expect(gate.text.hasSuffix("16 limits kept\n"))
  }

  @Test func memoryIsLimitedWhereItIsKnown() throws {
    let budget: JSON = [
      "max_arena_bytes": 1_254_400, "max_scratch_bytes": 20_479, "max_packed_bytes": 3e6, "max_memory_bytes": 3e6,
    ]
    #expect(
      try gate(budget).checks.map(\.line) == [
        "ok    max_arena_bytes: 1,254,400, budget 1,254,400", "FAIL  max_scratch_bytes: 20,480, budget 20,479",
        "ok    max_packed_bytes: 2,410,000, budget 3,000,000", "FAIL  max_memory_bytes: 3,684,944, budget 3,000,000",
      ])
    // A report of before these were told, and one that tells nothing.
    var report = sampleReport()
    report.compiled.memory = PlanMemory(arenaBytes: 8, scratchBytes: 0, packedBytes: 0, memoryBytes: 0)
    #expect(try gate(budget, report).checks.map(\.passes) == [true, false, true, false])
    report.compiled.memory = PlanMemory(arenaBytes: 0, scratchBytes: 0, packedBytes: 0, memoryBytes: 0)
    let checks = try gate(budget, report).checks
    #expect(checks.allSatisfy { !$0.passes && $0.measured == "not known: the report does not have it" })
  }

  @Test func breaksABudget() throws {
    let gate = try gate([
      "max_bundle_bytes": 2_150_299, "max_recall_drop": 0.02, "min_recall": ["mel": 0.8, "nv": 0.8],
      "max_recall_drop_per_class": ["mel": 0.02], "max_float_layers": 0,
    ])
    #expect(!gate.passes)
    #expect(
      gate.text == """
        FAIL  max_bundle_bytes: 2,150,300, budget 2,150,299
        FAIL  max_recall_drop: 3.33 pp (mel), budget 2.00 pp
        FAIL  min_recall.mel: 75.00 %, budget 80.00 %
        ok    min_recall.nv: 87.50 %, budget 80.00 %
        FAIL  max_recall_drop_per_class.mel: 3.33 pp, budget 2.00 pp
        FAIL  max_float_layers: 1, budget 0
        5 of 6 limits broken

        """)
  }

  @Test func takesTheWorseEndOfIntervalsOnRequest() throws {
    let limits: JSONObject = ["max_top1_drop": 0.01, "max_recall_drop": 0.05, "min_agreement": 0.96]
    #expect(try gate(.object(limits)).passes)
    var strict = limits
    strict["use_intervals"] = true
    #expect(
      try gate(.object(strict)).text == """
        FAIL  max_top1_drop: 1.90 pp, budget 1.00 pp
        FAIL  max_recall_drop: 8.30 pp (mel), budget 5.00 pp
        FAIL  min_agreement: 95.24 %, budget 96.00 %
        3 of 3 limits broken

        """)
    var report = sampleReport()
    report.accuracy?.deltas?.top1 = Estimate(0)
    #expect(
      try gate(["max_top1_drop": 0.5, "use_intervals": true], report).checks[0].measured
        == "not known: the report has no interval of it")
  }

  @Test func gainIsNoLoss() throws {
    var report = sampleReport()
    report.accuracy?.deltas?.top1 = Estimate(0.02)
    #expect(try gate(["max_top1_drop": 0], report).passes)
  }

  @Test func equalOutputsHaveNoNoise() throws {
    var report = sampleReport()
    report.accuracy?.outputSQNR = nil
    #expect(try !gate(["min_output_sqnr_db": 30], report).passes)
    report.accuracy?.maximumRelativeError = 0
    #expect(try gate(["min_output_sqnr_db": 30], report).checks[0].measured == "equal outputs")
  }

  @Test func allowsExactlyTheBudget() throws {
    var report = sampleReport()
    report.accuracy?.deltas?.top1 = Estimate(0.78 - 0.8)
    #expect(try gate(["max_top1_drop": 0.02], report).passes)
    #expect(try !gate(["max_top1_drop": 0.0199999], report).passes)
  }

  @Test func failsOnFiguresTheReportLacks() throws {
    var report = sampleReport()
    #expect(
      try gate(["min_recall": ["mle": 0.5]], report).checks[0].line
        == "FAIL  min_recall.mle: not known: there is no class mle; the classes are bkl, mel, nv, budget 50.00 %")
    report.accuracy?.compiled?.perClass[1].recall = nil
    #expect(
      try gate(["min_recall": ["mel": 0.5]], report).checks[0].measured
        == "not known: it is not defined on the evaluation data for mel")
    report.accuracy = nil
    report.bundle = nil
    report.layers = []
    let gate = try gate(
      [
        "max_bundle_bytes": 1e9, "min_top1": 0, "max_top1_drop": 1, "max_recall_drop": 1, "min_agreement": 0,
        "min_output_sqnr_db": 0, "max_float_layers": 1000, "min_recall": ["mel": 0],
      ], report)
    #expect(gate.checks.allSatisfy { !$0.passes && $0.measured.hasPrefix("not known: ") })
  }

  @Test(
    arguments: [
      (["max_bundle_byte": 1], "budget: unknown limit \"max_bundle_byte\"; did you mean \"max_bundle_bytes\"?"),
      (["max_recal_drop": 1], "budget: unknown limit \"max_recal_drop\"; did you mean \"max_recall_drop\"?"),
      (["min_top1": 80], "budget.min_top1: 80.0 is not a fraction from 0 to 1; 0.02 is 2 %"),
      (["max_macs": -1], "budget.max_macs: -1.0 is negative"),
      (["max_macs": "many"], "budget.max_macs: expected a number, found a string"),
      (["min_recall": 0.8], "budget.min_recall: expected an object, found a number"),
      (["min_recall": [:]], "budget.min_recall: names no class, as in {\"mel\": 0.8}"),
      (["use_intervals": 1, "max_macs": 1], "budget.use_intervals: expected a boolean, found an integer"),
      ([1], "budget: expected an object, found an array"),
    ] as [(JSON, String)])
  func refusesBudgets(_ json: JSON, _ message: String) {
    #expect {
      try Budget(json: json, name: "budget")
    } throws: {
      "\($0)" == message
    }
  }

  @Test func refusesBudgetsThatCheckNothing() {
    #expect {
      try Budget(json: ["use_intervals": true], name: "b")
    } throws: {
      "\($0)".hasPrefix("b: sets no limit; known are max_bundle_bytes, ")
    }
    #expect {
      try Budget(json: ["colour": 1], name: "b")
    } throws: {
      "\($0)".hasPrefix("b: unknown limit \"colour\"; known are max_bundle_bytes, ")
    }
  }
}

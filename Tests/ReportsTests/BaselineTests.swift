import CanonicalJSON
import Metrics
import Tensors
import Testing

@testable import Reports

/// Limits against the report of an earlier build.
struct BaselineTests {
  private static let classes = ["bkl", "mel", "nv"]
  /// Sixty images: thirty of mel, fifteen of each other class.
  private static let labels = (0..<60).map { $0 < 30 ? 1 : $0 < 45 ? 0 : 2 }
  /// Five images are wrong: one of mel, two of each other class.
  private static let answers = labels.enumerated().map { [29, 30, 31, 45, 46].contains($0) ? ($1 + 1) % 3 : $1 }

  /// A report whose figures follow from what it says of each image.
  func report(_ decided: [Int], groups: [Int]? = nil) throws -> Report {
    func scores(_ decided: [Int]) throws -> Scores {
      try Scores(
        outputs: decided.map { _ in [] },
        probabilities: decided.enumerated().map { sample, index in
          (0..<3).map { $0 == index ? 0.8 : 0.1 + 0.001 * Double(sample % 7 + $0) }
        }, predictions: decided)
    }
    let comparison = try Comparison(
      float: scores(BaselineTests.answers), compiled: scores(decided), labels: BaselineTests.labels,
      classNames: BaselineTests.classes)
    let labelled = try #require(comparison.labelled)
    var report = sampleReport()
    var accuracy = AccuracyReport(data: .labelled, samples: 60, classes: BaselineTests.classes)
    accuracy.task = .multiclass
    accuracy.float = labelled.float
    accuracy.compiled = labelled.compiled
    accuracy.deltas = labelled.deltas
    accuracy.agreement = comparison.agreement
    if groups != nil { accuracy.groups = .init(name: "lesion_id", count: 60) }
    report.accuracy = accuracy
    func told(_ decided: [Int]) throws -> AnsweredSamples.Answers {
      let scores = try scores(decided)
      return AnsweredSamples.Answers(
        decided: decided.map { [$0] },
        probabilities: decided.indices.map { Array(scores.probabilities[3 * $0..<3 * $0 + 3]) })
    }
    report.predictions = AnsweredSamples(
      files: decided.indices.map { "\($0).jpg" }, labels: BaselineTests.labels.map { [$0] }, groups: groups,
      float: try told(BaselineTests.answers), compiled: try told(decided))
    return report
  }

  /// Answers of which so many images of mel that were right are wrong.
  func losing(_ count: Int) -> [Int] {
    BaselineTests.answers.enumerated().map { $0 < count ? 2 : $1 }
  }

  private func isNear(_ value: Double?, _ other: Double, _ tolerance: Double) -> Bool {
    value.map { abs($0 - other) < tolerance } ?? false
  }

  private func checks(
    _ changes: JSON, _ old: Report, _ new: Report, times: GateTimes? = nil
  ) throws -> [Gate.Check] {
    let budget = try Budget(json: ["against_baseline": changes], name: "budget")
    let baseline = try Baseline(old, of: new, budget, files: ("old.json", "new.json"))
    return Gate(new, budget, against: baseline, times: times).checks
  }

  @Test func tellsLossFromChance() throws {
    let old = try report(BaselineTests.answers)
    // Twice one in 2^6 and twice one in 2^5.
    let six = try checks(["min_recall": ["mel": 0.1]], old, report(losing(6)))[0]
    #expect(!six.passes)
    #expect(six.change?.p == 0.03125)
    #expect(
      six.line.hasPrefix("FAIL  against_baseline.min_recall.mel: 76.67 % after 96.67 %, 20.00 pp worse (+"), "\(six)")
    #expect(
      six.line.hasSuffix(
        "; paired on 30 images, 6 lost, 0 won, McNemar's exact test p 0.031, budget 10.00 pp worse"), "\(six)")
    let five = try checks(["min_recall": ["mel": 0.1]], old, report(losing(5)))[0]
    #expect(five.passes)
    #expect(five.line.hasSuffix("p 0.063: may be chance, budget 10.00 pp worse"), "\(five)")
    // What was measured, or what cannot be ruled out, may count instead.
    #expect(try !checks(["min_recall": ["mel": 0.1], "losses": "measured"], old, report(losing(5)))[0].passes)
    #expect(try checks(["min_recall": ["mel": 0.2], "losses": "measured"], old, report(losing(6)))[0].passes)
    let one = try checks(["min_recall": ["mel": 0.05], "losses": "possible"], old, report(losing(1)))[0]
    #expect(!one.passes && (one.change?.loss.high ?? 0) > 0.05)
    // No image changed: three of thirty may.
    let none = try checks(["min_recall": ["mel": 0.05], "losses": "possible"], old, old)[0]
    #expect(!none.passes && none.change?.loss == Estimate(0, low: -0.1, high: 0.1))
    #expect(try checks(["min_recall": ["mel": 0]], old, old)[0].measured.hasPrefix("96.67 % after 96.67 %, unchanged"))
  }

  @Test func countsLesionsNotTheirImages() throws {
    // Six images of three lesions: chance does that in one of four.
    let groups = (0..<60).map { $0 < 6 ? $0 / 2 : $0 - 3 }
    let check = try checks(
      ["min_recall": ["mel": 0.1]], report(BaselineTests.answers, groups: groups), report(losing(6), groups: groups))[0]
    #expect(check.passes && check.change?.p == 0.25)
    #expect(check.measured.contains("paired on 27 lesion_id, 3 lost, 0 won, exact sign test p 0.25: may be chance"))
  }

  @Test func resamplesWhatIsNoShare() throws {
    let changes: JSON = [
      "min_macro_f1": 0.01, "max_ece": 0.01, "min_balanced_accuracy": 0.01, "max_recall_drop": 0.01, "min_auc": 0.5,
      "min_top1": 0.01, "min_agreement": 0.01, "max_top1_drop": 0.01,
    ]
    let found = try checks(changes, report(BaselineTests.answers), report(losing(12)))
    // Right less often, the answers are as unsure as they say.
    #expect(found.map(\.passes) == [false, true, false, false, true, false, false, false])
    for check in found where !check.passes {
      let loss = try #require(check.change?.loss)
      let (low, high) = (try #require(loss.low), try #require(loss.high))
      #expect(low > 0 && loss.value > low && loss.value < high, "\(check)")
    }
    #expect(found[0].measured.hasSuffix("; paired bootstrap over 60 images"))
    #expect(abs((found[5].change?.loss.value ?? 0) - 0.2) < 1e-9)
    // Gains break nothing.
    #expect(
      try checks(changes, report(losing(12)), report(BaselineTests.answers)).map(\.passes)
        == [true, true, true, true, true, true, true, true])
  }

  @Test func pairsImagesInAnyOrder() throws {
    let old = try report(BaselineTests.answers)
    var turned = try report(losing(6))
    let told = try #require(turned.predictions)
    let order = Array(told.files.indices.reversed())
    func turn<Element>(_ elements: [Element]) -> [Element] { order.map { elements[$0] } }
    turned.predictions = AnsweredSamples(
      files: turn(told.files), labels: turn(told.labels),
      float: told.float.map { .init(decided: turn($0.decided), probabilities: turn($0.probabilities)) },
      compiled: .init(decided: turn(told.compiled.decided), probabilities: turn(told.compiled.probabilities)))
    #expect(try checks(["min_recall": ["mel": 0.1]], old, turned)[0].change?.p == 0.03125)
  }

  @Test func usesIntervalsWhereNoImagesAreTold() throws {
    var (old, new) = (sampleReport(), sampleReport())
    new.accuracy?.deltas?.perClass[1].recall = Estimate(-0.1, low: -0.14, high: -0.06)
    new.accuracy?.compiled?.perClass[1].recall = 0.6833
    // 0.0667 and the norms of (0.05, 0.04) and (0.05, 0.04) about it.
    let check = try checks(["min_recall": ["mel": 0.01]], old, new)[0]
    let loss = try #require(check.change?.loss)
    let (low, high) = ((0.0497 * 0.0497 + 0.04 * 0.04).squareRoot(), (0.0503 * 0.0503 + 0.04 * 0.04).squareRoot())
    #expect(isNear(loss.value, 0.0667, 1e-9))
    #expect(isNear(loss.low, 0.0667 - low, 1e-9) && isNear(loss.high, 0.0667 + high, 1e-9))
    #expect(!check.passes && check.measured.hasSuffix("; from both reports' intervals"), "\(check)")
    // Of other float models the shares themselves: 56 of 70 against 48 of 80, as Newcombe (1998) has them in table II.
    old.source = .init(path: "lesions.onnx", format: "onnx", bytes: 1, sha256: "other")
    for (report, support, recall) in [(0, 70, 0.8), (1, 80, 0.6)] {
      var figures = ClassAccuracy("mel", support: support)
      figures.recall = recall
      if report == 0 {
        old.accuracy?.compiled?.perClass[1] = figures
      } else {
        new.accuracy?.compiled?.perClass[1] = figures
      }
    }
    let shares = try checks(["min_recall": ["mel": 0.01]], old, new)[0]
    let other = try #require(shares.change?.loss)
    #expect(isNear(other.low, 0.0524, 5e-5) && isNear(other.high, 0.3339, 5e-5), "\(other)")
    #expect(shares.measured.hasSuffix("; from shares, as if of different images"))
    // What has no interval is taken as it is measured.
    let ece = try checks(["max_ece": 0], old, new)[0]
    #expect(ece.passes && ece.change?.mayBeChance == nil)
    new.accuracy?.compiled?.ece = 0.07
    #expect(try !checks(["max_ece": 0.01], old, new)[0].passes)
    #expect(try !checks(["max_ece": 0.5, "losses": "possible"], old, new)[0].passes)
  }

  @Test func holdsModelsOwnFiguresExactly() throws {
    let old = sampleReport()
    var new = old
    new.bundle = .init(path: "lesions.derm", bytes: 2_200_000, sha256: "", sections: [])
    new.layers[0].precision = "float32"
    new.layers[1].outputSQNR = 17
    let found = try checks(
      [
        "max_bundle_bytes": 0.02, "max_macs": 0, "max_float_layers": 0, "min_layer_sqnr_db": 1,
        "max_layers_below_db": ["18": 0, "10": 0], "min_output_sqnr_db": 0,
      ], old, new)
    #expect(
      found.map(\.line) == [
        "FAIL  against_baseline.max_bundle_bytes: 2,200,000 after 2,150,300, 2.31 % worse, budget 2.00 % worse",
        "ok    against_baseline.max_macs: 299,529,216 after 299,529,216, unchanged, budget no worse",
        "FAIL  against_baseline.max_float_layers: 2 after 1, 1 layer worse, budget no worse",
        "FAIL  against_baseline.min_layer_sqnr_db: 17.00 dB after 18.24 dB, 1.24 dB worse; as measured, "
          + "budget 1.00 dB worse",
        "FAIL  against_baseline.max_layers_below_db.18: 1 after 0, 1 layer worse; as measured, budget no worse",
        "ok    against_baseline.max_layers_below_db.10: 0 after 0, unchanged; as measured, budget no worse",
        "ok    against_baseline.min_output_sqnr_db: 31.70 dB after 31.70 dB, unchanged; as measured, budget no worse",
      ])
    // Nothing was, now there is something: no share of nothing allows that.
    var none = old
    none.compiled.macs = 0
    #expect(try !checks(["max_macs": 100], none, old)[0].passes)
  }

  @Test func comparesTimesOfTurns() throws {
    let old = sampleReport()
    func check(_ ratio: Estimate) throws -> Gate.Check {
      let times = GateTimes(current: 1.2, baseline: 1, ratio: ratio, turns: 60)
      return try checks(["max_latency_ms": 0.1], old, old, times: times)[0]
    }
    #expect(
      try check(Estimate(1.2, low: 1.1, high: 1.3)).line
        == "FAIL  against_baseline.max_latency_ms: 1.200 ms after 1.000 ms, 20.00 % worse (+10.00 … +30.00); "
        + "60 turns in pairs, budget 10.00 % worse")
    #expect(try check(Estimate(1.2, low: 0.9, high: 1.5)).passes)
    #expect(try check(Estimate(1.1, low: 1.05, high: 1.15)).passes)
    // Of slow models a few turns are all there are.
    #expect(try !check(Estimate(1.2)).passes && check(Estimate(1.05)).passes)
    #expect(
      try checks(["max_latency_ms": 0.1], old, old)[0].measured == "not known: the model was not timed; add --bench")
    let alone = Gate(
      old, try Budget(json: ["max_latency_ms": 1], name: "b"), against: nil,
      times: GateTimes(current: 1.5, turns: 0))
    #expect(alone.checks[0].line == "FAIL  max_latency_ms: 1.500 ms, budget 1.000 ms")
  }

  @Test func needsABaseline() throws {
    let budget = try Budget(json: ["against_baseline": ["min_top1": 0.01, "max_macs": 0]], name: "budget")
    #expect(budget.needsBaseline)
    let gate = Gate(sampleReport(), budget)
    #expect(!gate.passes)
    #expect(
      gate.checks[0].line
        == "FAIL  against_baseline.min_top1: not known: no baseline was given; add --baseline OLD.report.json, "
        + "budget 1.00 pp worse")
    var old = sampleReport()
    old.accuracy = nil
    #expect(
      try checks(["min_top1": 0.01], old, sampleReport())[0].measured
        == "not known: of the baseline the report has no labelled data; compile with --eval")
  }

  private func refusal(_ change: (inout Report) -> Void) throws -> String {
    var new = try report(BaselineTests.answers)
    change(&new)
    do {
      _ = try checks(["min_top1": 0.01], report(BaselineTests.answers), new)
      return "none"
    } catch { return "\(error)" }
  }

  @Test func refusesWhatDoesNotMatch() throws {
    #expect(try refusal { _ in } == "none")
    #expect(
      try refusal { $0.source = .init(path: "b.onnx", format: "onnx", bytes: 1, sha256: "") }
        == "new.json: is of the model b.onnx, the baseline old.json is of the model lesions.onnx; "
        + "give the baseline of the same model, or --other-model to compare them all the same")
    #expect(
      try refusal { $0.evaluationData = .init(count: 60, sha256: "feed") }
        == "new.json: was measured on the data feed, the baseline old.json was measured on the data beef; "
        + "compile again with the same --eval data")
    #expect(try refusal { $0.accuracy?.samples = 59 }.contains("was measured on a number of images of 59"))
    #expect(try refusal { $0.accuracy?.task = .binary }.contains("has the task binary"))
    #expect(try refusal { $0.accuracy?.positive = "mel" }.contains("has the task multiclass (positive: mel)"))
    #expect(try refusal { $0.accuracy?.classes.swapAt(0, 1) }.contains("has the classes mel, bkl, nv"))
    #expect(try refusal { $0.accuracy?.data = .heldBack }.contains("was measured on held-back calibration samples"))
    #expect(
      try refusal { $0.predictions?.files[7] = "x\u{1B}.jpg" }
        == "new.json: tells of the image x\\u{1b}.jpg, the baseline old.json not; "
        + "compile again with the same --eval data")
    #expect(try refusal { $0.predictions?.labels[7] = [0] }.contains("has another label for 7.jpg"))
    #expect(
      try refusal { $0.predictions?.compiled.decided[7] = [0, 1] }
        == "new.json: predictions: decisions of an image are 2, not 1")
    #expect(try refusal { $0.predictions?.compiled.probabilities[7][1] = 7 }.contains("probability of sample 7"))
    // Figures that are not those of the images.
    var new = try report(BaselineTests.answers)
    new.accuracy?.compiled?.top1 = 1
    #expect(
      try checks(["min_top1": 0.01], report(BaselineTests.answers), new)[0].measured
        == "not known: what the reports say of each image gives another figure than they have")
  }

  @Test func tellsOfImagesInJSON() throws {
    var told = try report(losing(3), groups: Array(0..<60))
    told.predictions?.columns = [SubgroupColumn("sex", values: (0..<60).map { $0 % 3 == 0 ? nil : "f\($0 % 2)" })]
    let json = told.json
    #expect(try Report(json: JSON(parsing: json.prettyBytes())) == told)
    #expect(sampleReport().json["predictions"] == nil)
    func reading(_ change: (inout JSONObject) -> Void) -> String {
      guard case .object(var report) = json, case .object(var told)? = report["predictions"] else { return "no object" }
      change(&told)
      report["predictions"] = .object(told)
      do {
        _ = try Report(json: .object(report))
        return "read"
      } catch { return "\(error)" }
    }
    #expect(reading { _ in } == "read")
    #expect(reading { $0["files"] = ["a"] } == "report.predictions: labels: 60 entries for 1 samples")
    #expect(reading { $0["files"] = [] } == "report.predictions: has no samples")
    #expect(reading { $0["labels"] = .array((0..<60).map { _ in [3] }) }.contains("3 is out of range"))
    #expect(reading { $0["groups"] = .ints(1...60) }.contains("60 is out of range"))
    #expect(
      reading { $0["compiled"] = ["decided": [], "probabilities": [[0.5]]] }.contains("1 probabilities for 3 classes"))
  }
}

/// Budgets of changes, and where their limits stand.
struct BudgetTests {
  @Test(
    arguments: [
      (["min_top": 0.1], "budget.against_baseline: unknown limit \"min_top\"; did you mean \"min_top1\"?"),
      (
        ["min_top1": -0.1],
        "budget.against_baseline.min_top1: -0.1 is negative; it says how much worse the figure may become"
      ),
      (
        ["min_top1": 2],
        "budget.against_baseline.min_top1: 2.0 is not a fraction from 0 to 1; 0.02 allows 2 points less"
      ),
      (
        ["max_macs": 310_000_000],
        "budget.against_baseline.max_macs: 310000000.0 is no share of the baseline's figure; 0.02 allows 2 % more"
      ),
      (["losses": "all"], "budget.against_baseline.losses: unknown value; known are proven, measured, possible"),
      (
        ["max_layers_below_db": ["low": 1]],
        "budget.against_baseline.max_layers_below_db.low: \"low\" is no level in dB, as in {\"20\": 3}"
      ),
    ] as [(JSON, String)])
  func refusesChanges(_ changes: JSON, _ message: String) {
    #expect {
      try Budget(json: ["against_baseline": changes], name: "budget")
    } throws: {
      "\($0)" == message
    }
  }

  @Test func passesOverComments() throws {
    let budget = try Budget(
      json: ["// size": "what the app store allows", "max_macs": 1, "// off": ["max_macs": true]], name: "b")
    #expect(budget.entries.map(\.title) == ["max_macs"] && !budget.needsBaseline)
    // Classes may be called so.
    let odd = try Budget(json: ["min_recall": ["// mel": 0.5]], name: "b")
    #expect(odd.entries.map(\.title) == ["min_recall.// mel"])
  }

  @Test func limitsLayers() throws {
    func lines(_ budget: JSON, _ report: Report) throws -> [String] {
      Gate(report, try Budget(json: budget, name: "b")).checks.map(\.line)
    }
    var report = sampleReport()
    let budget: JSON = [
      "min_layer_sqnr_db": 20, "max_layers_below_db": ["20": 0, "32": 2, "1e1": 0], "max_ece_rise": 0,
    ]
    #expect(
      try lines(budget, report) == [
        "FAIL  min_layer_sqnr_db: 18.24 dB (block_1), budget 20.00 dB",
        "FAIL  max_layers_below_db.20: 1, budget 0", "ok    max_layers_below_db.32: 2, budget 2",
        "ok    max_layers_below_db.1e1: 0, budget 0", "ok    max_ece_rise: −0.30 pp, budget 0.00 pp",
      ])
    report.layers = []
    #expect(
      try lines(["min_layer_sqnr_db": 1], report)
        == [
          "FAIL  min_layer_sqnr_db: not known: the report has no errors of layers; compile with --int8 --calib, "
            + "budget 1.00 dB"
        ])
  }

  @Test func findsTheLinesOfLimits() throws {
    let text = """
      {
        "// a": {"max_macs": 1},
        "max_macs": 1, "min_recall": {
          "mel": 0.5,
          "n\\u0076": 0.5, "q\\"": 0.5
        },

        "against_baseline": {"max_macs": 0,
          "min_recall": {"mel": 0.01}}
      }
      """
    let bytes = Array(text.utf8)
    let budget = try Budget(json: JSON(parsing: bytes), name: "b", text: bytes)
    #expect(budget.entries.map(\.line) == [3, 4, 3, 3])
    #expect(budget.changes.map(\.line) == [8, 9])
    #expect(try Budget(json: JSON(parsing: bytes), name: "b").entries.map(\.line) == [1, 1, 1, 1])
    // Any bytes may stand in a file.
    #expect(JSONLines(Array("\"a\\".utf8)).line(of: ["a"]) == 1)
    #expect(JSONLines(Array("]}{\"a".utf8)).line(of: ["a"]) == 1)
  }
}

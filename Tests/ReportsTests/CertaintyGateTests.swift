import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// Limits on how sure answers are, drafted and against an earlier build.
struct CertaintyGateTests {
  /// Forty images, twenty of each class, three of them answered wrong.
  private static let labels = (0..<40).map { $0 / 20 }
  private static let decided = labels.enumerated().map { [18, 19, 39].contains($0) ? 1 - $1 : $1 }
  private static let probabilities = decided.enumerated().map { sample, index in
    (0..<2).map { $0 == index ? 0.75 + 0.005 * Double(sample) : 0.25 - 0.005 * Double(sample) }
  }

  /// A report whose figures follow from what it says of each image.
  ///
  /// - Parameters:
  ///   - uncovered: images whose set is of the wrong class alone
  ///   - abstaining: images that get no answer
  private func report(uncovered: Int, abstaining: Int, groups: [Int]? = nil) throws -> Report {
    let labels = Self.labels
    let scores = try LabelledScores(
      Scores(outputs: labels.map { _ in [] }, probabilities: Self.probabilities, predictions: Self.decided),
      labels: labels)
    let sets = labels.enumerated().map { sample, label in sample < uncovered ? [1 - label] : [0, 1] }
    let abstains = labels.indices.map { $0 < abstaining }
    let outcomes = try CertaintyOutcomes(
      stated: scores, calibrated: scores,
      confidences: zip(Self.probabilities, Self.decided).map { Float($0[$1]) }, sets: sets, abstains: abstains)
    var report = sampleReport()
    var accuracy = AccuracyReport(data: .labelled, samples: 40, classes: ["mel", "nv"])
    accuracy.task = .multiclass
    accuracy.compiled = try ModelAccuracy(scores, classNames: ["mel", "nv"])
    report.accuracy = accuracy
    var uncertainty = UncertaintyReport(
      fitted: ["temperature": 1.5], data: Report.DataSummary(count: 40, sha256: "ab"))
    uncertainty.classes = ["mel", "nv"]
    uncertainty.measured = try CertaintyComparison(float: outcomes, compiled: outcomes, groups: nil)
    report.uncertainty = uncertainty
    report.predictions = AnsweredSamples(
      files: labels.indices.map { "\($0).jpg" }, labels: labels.map { [$0] }, groups: groups, float: nil,
      compiled: .init(decided: Self.decided.map { [$0] }, probabilities: Self.probabilities))
    report.predictions?.certainty = .init(sets: sets, abstains: abstains, probabilities: Self.probabilities)
    return report
  }

  private func checks(_ changes: JSON, _ old: Report, _ new: Report) throws -> [Gate.Check] {
    let budget = try Budget(json: ["against_baseline": changes], name: "budget")
    let baseline = try Baseline(old, of: new, budget, files: ("old.json", "new.json"))
    return Gate(new, budget, against: baseline, times: nil).checks
  }

  @Test func pairsSetsAndAbstentionsImageByImage() throws {
    let old = try report(uncovered: 0, abstaining: 0)
    // Twice one in 2^6, and twice one in 2^5.
    let six = try checks(
      ["min_coverage": 0.1, "min_coverage_per_class": ["mel": 0.1, "nv": 0.1], "min_answered": 0.1], old,
      report(uncovered: 6, abstaining: 5))
    #expect(six.map(\.passes) == [false, false, true, true])
    #expect(six.map { $0.change?.p } == [0.03125, 0.03125, 1, 0.0625])
    #expect(six[0].measured.contains("85.00 % after 100.00 %, 15.00 pp worse"), "\(six[0])")
    #expect(
      six[1].measured.hasSuffix("; paired on 20 images, 6 lost, 0 won, McNemar's exact test p 0.031"), "\(six[1])")
    #expect(six[3].measured.hasSuffix("p 0.063: may be chance"), "\(six[3])")
    // Of three lesions no two draws differ so that chance would not explain it.
    let groups = (0..<40).map { $0 < 6 ? $0 / 2 : $0 }
    let grouped = try checks(
      ["min_coverage": 0.1], report(uncovered: 0, abstaining: 0, groups: groups),
      report(uncovered: 6, abstaining: 0, groups: groups))
    #expect(grouped[0].passes && grouped[0].change?.p == 0.25)
  }

  @Test func resamplesWhatIsNoShareOfTheImages() throws {
    let found = try checks(
      ["max_mean_set_size": 0.1, "max_calibrated_ece": 0.01, "max_aurc": 0.01, "max_risk": 0.01],
      report(uncovered: 12, abstaining: 0), report(uncovered: 0, abstaining: 20))
    #expect(found.map(\.passes) == [false, true, true, true])
    let size = try #require(found[0].change)
    #expect(abs(size.loss.value - 0.3) < 1e-9 && size.mayBeChance == false)
    #expect(found.allSatisfy { $0.measured.contains("paired bootstrap over 40 images") }, "\(found)")
    // One in twenty is wrong, after three in forty.
    #expect(abs((found[3].change?.loss.value ?? 0) + 0.025) < 1e-9)
  }

  @Test func intervalsTellWhereImagesDoNot() throws {
    var (old, new) = (try report(uncovered: 0, abstaining: 0), try report(uncovered: 12, abstaining: 0))
    old.predictions?.certainty = nil
    new.predictions = nil
    for old in [old, try Report(json: JSON(parsing: old.json.canonicalBytes()))] {
      let found = try checks(["min_coverage": 0.1, "min_coverage_per_class": ["mel": 0.6]], old, new)
      #expect(!found[0].passes && found[1].passes)
      #expect(found.allSatisfy { $0.measured.contains("from both reports' intervals") && $0.change?.p == nil })
      // The float model and what was fitted of it are the same, and every set of its is in the difference.
      let loss = try #require(found[0].change?.loss)
      #expect(abs(loss.value - 0.3) < 1e-9 && (loss.low ?? 0) > 0.1 && (loss.high ?? 1) < 0.5, "\(loss)")
    }
    // A figure of images that is not the report's is no figure.
    var odd = try report(uncovered: 12, abstaining: 0)
    odd.predictions?.certainty?.sets[0] = [0, 1]
    let check = try checks(["min_coverage": 0.1], report(uncovered: 0, abstaining: 0), odd)[0]
    #expect(!check.passes && check.measured.contains("another figure"), "\(check)")
  }

  @Test func predictionsSurviveTheirJSON() throws {
    let report = try report(uncovered: 3, abstaining: 2)
    let read = try Report(json: JSON(parsing: report.json.canonicalBytes()))
    #expect(read.predictions == report.predictions && read.predictions?.certainty != nil)
    for broken: JSON in [
      ["sets": [[0]], "abstains": [false], "probabilities": [[0.5, 0.5]]],
      ["sets": .array(Array(repeating: [2], count: 40)), "abstains": .array(Array(repeating: false, count: 40))],
    ] {
      guard case .object(var members) = report.json, case .object(var told)? = members["predictions"] else {
        Issue.record("no object")
        return
      }
      told["certainty"] = broken
      members["predictions"] = .object(told)
      #expect(throws: JSONError.self) { try Report(json: .object(members)) }
    }
  }

  @Test func theReportKeepsItsDraft() throws {
    let report = try report(uncovered: 6, abstaining: 5)
    guard case .object(var members) = BudgetDraft.make(report) else {
      Issue.record("no object")
      return
    }
    members["against_baseline"] = members["// against_baseline"]
    let budget = try Budget(json: .object(members), name: "draft")
    let baseline = try Baseline(report, of: report, budget, files: ("a", "b"))
    let gate = Gate(report, budget, against: baseline, times: nil)
    #expect(gate.passes, "\(gate.text)")
    let limits = Dictionary(gate.checks.map { ($0.name, $0.limit) }) { first, _ in first }
    // The lower ends of Wilson's intervals of 34 of 40, 14 of 20, 35 of 40.
    #expect(limits["min_coverage"] == 0.709 && limits["min_coverage_per_class.mel"] == 0.481)
    #expect(limits["min_answered"] == 0.738)
    for key in ["max_mean_set_size", "max_calibrated_ece", "max_aurc", "max_risk"] {
      #expect(limits[key] != nil, "\(key)")
    }
    for key in ["min_coverage", "min_coverage_per_class.nv", "max_aurc"] {
      #expect(limits["against_baseline.\(key)"] != nil, "\(key)")
    }
    #expect(members["// certainty"] != nil)
    guard case .object(let bare) = BudgetDraft.make(sampleReport()) else { return }
    #expect(bare["// certainty"] == nil && bare["min_coverage"] == nil)
  }

  @Test func figuresHavePathsAndStandBesideThoseOfOtherBuilds() throws {
    let report = try report(uncovered: 6, abstaining: 5)
    let figures = try JSONNode(report.metrics, name: "metrics")["uncertainty"]
    #expect(try figures["temperature"].double() == 1.5)
    #expect(try figures["compiled"]["coverage"].double() == 0.85 && figures["change"]["coverage"].double() == 0)
    #expect(try figures["float"]["class_coverage"]["mel"].double() == 0.7)
    #expect(try figures["compiled"]["class_set_size"]["nv"].double() == 2)
    let comparison = try BuildComparison([("a", self.report(uncovered: 0, abstaining: 0)), ("b", report)])
    let row = try #require(comparison.figures.first { $0.name == "coverage of mel" })
    #expect(row.values == [1, 0.7] && row.changes[1]?.p == 0.03125)
    #expect(comparison.figures.contains { $0.name == "AURC" })
  }
}

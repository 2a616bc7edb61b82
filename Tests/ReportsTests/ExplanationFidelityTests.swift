import CanonicalJSON
import Metrics
import Testing

@testable import Reports

@Suite struct ExplanationFidelityTests {
  private static func fidelity(_ overlaps: [Double] = [0.9, 0.5, 0.7, 0.8]) -> ExplanationFidelity {
    let grid = ExplanationFidelity.Grid(height: 3, width: 4)
    func image(_ file: String, _ label: String, _ comparison: MapComparison) -> ExplanationFidelity.Image {
      ExplanationFidelity.Image(file: file, name: "mel", label: label, comparison: comparison)
    }
    func both(_ overlap: Double) -> MapComparison {
      MapComparison(found: .both, correlation: overlap + 0.1, overlap: overlap, shift: 0.25)
    }
    let images = overlaps.enumerated().map { index, overlap in
      image("\(index).jpg", index < 2 ? "mel" : "nv", both(overlap))
    }
    return ExplanationFidelity(
      method: "gradcam", grids: (grid, grid),
      images: images + [
        image("lost.jpg", "nv", MapComparison(found: .onlyFloat, correlation: 0, overlap: 0, shift: nil)),
        image("none.jpg", "nv", MapComparison(found: .neither, correlation: 0, overlap: 0, shift: nil)),
      ], classes: ["mel", "nv", "bkl"], groups: nil, failed: 1)
  }

  private static func report(_ overlaps: [Double] = [0.9, 0.5, 0.7, 0.8]) -> Report {
    var report = sampleReport()
    report.explanations = fidelity(overlaps)
    return report
  }

  @Test func survivesItsJSON() throws {
    let report = Self.report()
    let read = try Report(json: JSON(parsing: report.json.canonicalBytes()))
    #expect(read.explanations == report.explanations)
    #expect(sampleReport().json["explanations"] == nil && sampleReport().metrics["explanations"] == nil)
    #expect(report.metrics["explanations"]?["class_overlap"]?["mel"] == .double(0.7))
    let fidelity = try #require(read.explanations)
    #expect(fidelity.perClass.map(\.name) == ["mel", "nv"] && fidelity.perClass.map(\.measures.images) == [2, 3])
    #expect(fidelity.worst.map(\.file) == ["lost.jpg", "1.jpg", "2.jpg", "3.jpg", "0.jpg"])
  }

  @Test func isLimitedByBudgets() throws {
    let budget = try Budget(
      json: [
        "min_explanation_correlation": 0.7, "min_explanation_overlap": 0.5, "max_explanation_shift": 0.2,
        "min_explanation_overlap_per_class": ["mel": 0.75], "min_explanation_correlation_per_class": ["mel": 0.8],
      ], name: "budget")
    #expect(
      Gate(Self.report(), budget).checks.map(\.line).sorted() == [
        "FAIL  max_explanation_shift: 25.00 %, budget 20.00 %",
        "FAIL  min_explanation_correlation: 0.6600, budget 0.7000",
        "FAIL  min_explanation_overlap_per_class.mel: 70.00 %, budget 75.00 %",
        "ok    min_explanation_correlation_per_class.mel: 0.8000, budget 0.8000",
        "ok    min_explanation_overlap: 58.00 %, budget 50.00 %",
      ])
    let unknown = Gate(sampleReport(), budget)
    #expect(unknown.checks.allSatisfy { !$0.passes && $0.measured.contains("--explanations") })
    // The worse ends of intervals.
    let strict = try Budget(json: ["min_explanation_overlap": 0.5, "use_intervals": true], name: "budget")
    #expect(!Gate(Self.report(), strict).passes)
    #expect(throws: JSONError.self) { try Budget(json: ["min_explanation_correlation": 1.5], name: "budget") }
  }

  @Test func changesAreToldFromChanceByBothIntervals() throws {
    let budget = try Budget(
      json: ["against_baseline": ["min_explanation_overlap": 0.01, "max_explanation_shift": 0]], name: "budget")
    func gate(_ before: Report, _ after: Report) throws -> Gate {
      Gate(after, budget, against: try Baseline(before, of: after, budget, files: ("old", "new")), times: nil)
    }
    let many = Array(repeating: 0.9, count: 200)
    let worse = try gate(Self.report(many), Self.report(many.map { $0 - 0.3 }))
    let check = try #require(worse.checks.first { $0.name.hasSuffix("min_explanation_overlap") })
    #expect(!check.passes && check.measured.contains("pp worse"))
    #expect(check.change?.method == "from both reports' intervals" && check.change?.mayBeChance == false)
    // Four images tell nothing of so small a loss.
    #expect(try gate(Self.report(), Self.report([0.9, 0.5, 0.7, 0.7])).passes)
  }

  @Test func standsBesideThatOfOtherBuilds() throws {
    let many = Array(repeating: 0.9, count: 200)
    let comparison = try BuildComparison([
      ("a", Self.report(many)), ("b", Self.report(many.map { $0 - 0.3 })), ("c", sampleReport()),
    ])
    let rows = comparison.figures.filter { $0.name.hasPrefix("maps: ") }
    #expect(
      rows.map(\.limit.key) == [
        "min_explanation_correlation", "min_explanation_overlap", "max_explanation_shift",
      ])
    let overlap = try #require(rows.dropFirst().first)
    #expect(overlap.values[2] == nil && overlap.changes[2] == nil && overlap.changes[1]?.mayBeChance == false)
    let text = overlap.changeText(1)
    #expect(text.contains("pp worse") && text.hasSuffix(" *"), "\(text)")
    #expect(comparison.figures.contains { $0.name == "overlap of maps of mel" })
    let bare = try BuildComparison([("a", sampleReport()), ("b", sampleReport())])
    #expect(!bare.figures.contains { $0.name.contains("maps") })
  }

  @Test func draftsKeepTheirReport() throws {
    let report = Self.report()
    let draft = BudgetDraft.make(report)
    for key in ["min_explanation_correlation", "min_explanation_overlap", "max_explanation_shift"] {
      #expect(draft[key] != nil, "\(key)")
    }
    let own = try Budget(json: draft, name: "draft")
    #expect(Gate(report, own).checks.filter { $0.name.contains("explanation") }.allSatisfy { $0.passes })
    #expect(BudgetDraft.make(sampleReport())["min_explanation_overlap"] == nil)
  }

  @Test func isToldInWords() throws {
    let report = Self.report()
    let summary = SummaryText.make(report)
    #expect(summary.contains("like float on 5 images: rank correlation 0.660 ("))
    #expect(summary.contains("1 image of which only the float model has a map; 1 image of which neither has one"))
    #expect(summary.contains("least of nv: overlap 50.0 % ("))
    let page = MarkdownReport.make(report)
    for part in ["## Where it looks", "| lost.jpg | mel | nv | only float has a map | 0.0 % | – |", "3x4 places"] {
      #expect(page.contains(part), "\(part)")
    }
    #expect(!page.contains("Float looks"))
    #expect(Self.fidelity().text.contains("least overlap: lost.jpg (mel, 0.0 %), 1.jpg (mel, 50.0 %)"))
  }

  @Test func picturesAreInPagesAlone() throws {
    let picture = MapPictures.Picture(bytes: [0xFF, 0xD8, 0xFF], width: 12, height: 8)
    var illustrations = ReportIllustrations()
    illustrations.maps = [MapPictures(float: picture, compiled: picture), nil]
    let page = HTMLReport.make(Self.report(), illustrations)
    #expect(page.split(separator: "data:image/jpeg;base64,/9j/").count == 3)
    #expect(page.contains("width=\"12\"") && page.contains("where the compiled model looks"))
    #expect(!MarkdownReport.make(Self.report(), illustrations).contains("looks |"))
    #expect(!HTMLReport.make(Self.report()).contains("data:image"))
  }
}

import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// Fronts of a sweep, and the forms it is told in.
@Suite struct SweepTests {
  // MARK: Fronts

  @Test func nothingBeatsWhatIsOnTheFront() {
    // The second is beaten by the first in both, the fourth is as large as the third and worse.
    let points = [(1.0, 5.0), (2, 6), (3, 2), (3, 4), (9, 0)]
    #expect(ParetoFront.positions(points.map { (x: $0.0, y: $0.1) }) == [0, 2, 4])
    #expect(ParetoFront.positions([(x: 2, y: 1), (x: 1, y: 2), (x: 2, y: 1)]) == [1, 0, 2])
    #expect(ParetoFront.positions([(x: 1, y: .nan), (x: .infinity, y: 0), (x: 2, y: 2)]) == [2])
    #expect(ParetoFront.positions([]) == [])
  }

  /// The definition, on many points: whatever is not on the front is beaten by something that is.
  @Test func theFrontIsEnough() {
    let points: [(x: Double, y: Double)] = (0..<200).map { (number: Int) in
      let (x, y) = (number * 7919 % 211, number * 104_729 % 223)
      return (x: Double(x), y: Double(y))
    }
    let front = ParetoFront.positions(points)
    func beats(_ one: Int, _ other: Int) -> Bool {
      let (a, b) = (points[one], points[other])
      let isNoWorse = a.x <= b.x && a.y <= b.y
      return isNoWorse && (a.x != b.x || a.y != b.y)
    }
    for position in points.indices {
      #expect(front.contains(position) != front.contains { beats($0, position) })
    }
    #expect(front.map { points[$0].x } == front.map { points[$0].x }.sorted())
  }

  // MARK: Axes

  @Test func valuesLieOnAxesAsTheirTicksSay() {
    let linear = Axis(.linear, [2, 10], includesZero: true)
    #expect(linear.position(0) == 0 && linear.ticks == [0, 2, 4, 6, 8, 10])
    #expect(abs(linear.position(5) - 5 / 10.6) < 1e-12)
    let both = Axis(.linear, [-0.03, 0.01])
    #expect(both.position(-0.03) < both.position(0) && both.position(.nan) == 0)
    #expect(both.ticks.contains { abs($0) < 1e-12 })

    let sizes = Axis(.logarithmic, [80_000, 800_000])
    #expect(sizes.ticks == [100_000, 200_000, 500_000, 1_000_000])
    let step = sizes.position(200_000) - sizes.position(100_000)
    #expect(abs(sizes.position(400_000) - sizes.position(200_000) - step) < 1e-9)
    // Zero has a place of its own below all that is not zero.
    let costs = Axis(.logarithmic, [0, 1e-4, 1e-2])
    #expect(costs.ticks.first == 0 && costs.position(0) < costs.position(1e-4) && costs.position(1e-4) < 0.25)
    #expect(costs.position(1) == 1 && Axis(.logarithmic, [3, 30]).position(3) > 0)
    for values in [[], [0], [5, 5], [1e-300, 1e300], [.infinity, .nan]] as [[Double]] {
      for scale in [Axis.Scale.linear, .logarithmic] {
        let axis = Axis(scale, values)
        #expect(axis.ticks.count <= 7 && axis.ticks.allSatisfy { (0...1).contains(axis.position($0)) })
      }
    }
  }

  // MARK: Forms

  private func bundle(
    _ bytes: Int, cost: Double, macroF1 change: Double, ms: Double, warnings: [String] = []
  ) -> SweepReport.Result {
    var report = sampleReport()
    report.bundle = .init(path: "out/x.derm", bytes: bytes, sha256: "77ab", sections: [])
    report.warnings = ["of all"] + warnings
    report.accuracy?.compiled?.macroF1 = 0.801 + change
    report.accuracy?.deltas?.macroF1 = Estimate(change, low: change - 0.01, high: change + 0.01)
    return .bundle(
      SweepReport.Bundle(
        report: report, cost: Estimate(cost, low: cost * 0.8, high: cost * 1.25),
        latency: SweepReport.Latency(
          compiled: .init(best: ms / 1000, median: ms / 900), float: .init(best: 0.008, median: 0.009),
          instructionSet: "avx2")))
  }

  private func sample(_ name: String = "float") -> SweepReport {
    SweepReport(
      dermc: "0.1.0", source: sampleReport().source, isDivergence: true,
      points: [
        .init(name: name, options: [], result: bundle(9_000_000, cost: 0, macroF1: 0, ms: 8)),
        .init(
          name: "int8-fast", options: ["--int8", "--effort", "fast"],
          result: bundle(2_200_000, cost: 0.002, macroF1: -0.01, ms: 3, warnings: ["of one"])),
        .init(
          name: "int8-default", options: ["--int8"], result: bundle(2_150_300, cost: 0.001, macroF1: -0.004, ms: 3)),
        .init(
          name: "ratio-900", options: ["--int8", "--target-ratio", "900"], result: .outOfReach("too small, \"so\"")),
        .init(
          name: "ratio-10", options: ["--int8", "--target-ratio", "10"],
          result: bundle(913_000, cost: 0.004, macroF1: -0.002, ms: 3.1)),
      ])
  }

  @Test func ordersPointsAndFindsTheirFronts() {
    let report = sample()
    #expect(report.points.map(\.name) == ["ratio-10", "int8-default", "int8-fast", "float", "ratio-900"])
    func front(_ measure: SweepReport.Measure) -> [String] { report.front(measure).map { report.points[$0].name } }
    #expect(front(.cost) == ["ratio-10", "int8-default", "float"])
    #expect(front(.macroF1) == ["ratio-10", "float"])
    #expect(front(.latency) == ["ratio-10", "int8-default"])
    #expect(report.fronts(of: 2) == [] && report.fronts(of: 0) == [.cost, .macroF1, .latency])
    #expect(report.warnings == ["of all"] && report.warnings(of: report.points[2]) == ["of one"])
  }

  @Test func everyFormSaysOnWhatTheFrontWasChosen() {
    let report = sample()
    let sentence = "chosen on the images it reports"
    for form in [
      SweepText.make(report), SweepCSV.make(report), SweepPage.make(report),
      String(decoding: report.json.prettyBytes(), as: UTF8.self),
    ] {
      #expect(form.contains(sentence) && form.contains("confirm the chosen bundle on others"))
    }
  }

  @Test func printsALineForEachBundle() throws {
    let lines = SweepText.make(sample()).split(separator: "\n").map(String.init)
    #expect(lines[0] == "lesions.onnx, 9.14 MB: 4 bundles, measured on 210 labelled images")
    let row = try #require(lines.first { $0.contains("ratio-10 ") })
    for part in ["913 kB", "10.0×", "0.0040  (0.0032 … 0.0050)", "97.6 %", "79.9 %", "−0.2 pp (−1.2 … +0.8)", "3.10"] {
      #expect(row.contains(part), "\(part) in \(row)")
    }
    #expect(row.hasSuffix("KL, F1, time"))
    #expect(lines.contains("front of size and divergence: ratio-10, int8-default, float"))
    #expect(lines.contains("out of reach: ratio-900: too small, \"so\""))
    #expect(lines.contains("warning: of all") && lines.contains("int8-fast: 1 warning, see its report"))
  }

  @Test func jsonHasWhatTheTextSays() throws {
    let node = JSONNode(sample().json, name: "sweep")
    #expect(try node["fronts"]["macro_f1"].strings() == ["ratio-10", "float"])
    #expect(try node["measured_on"]["samples"].int() == 210 && node["measured_on"]["sha256"].string() == "beef")
    let points = try node["points"].elements()
    #expect(try points[0]["options"].strings() == ["--int8", "--target-ratio", "10"])
    #expect(try abs(points[0]["ratio"].double() - 9_137_004.0 / 913_000) < 1e-12)
    #expect(try points[0]["cost"]["high"].double() == 0.005)
    #expect(try points[0]["latency"]["ratio"].double() == 0.0031 / 0.008)
    let mel = try points[0]["recall"].elements()[1]
    #expect(try mel["name"].string() == "mel" && mel["support"].int() == 60 && mel["compiled"].double() == 0.75)
    #expect(try mel["change"]["low"].double() == -0.083)
    #expect(try points[4]["out_of_reach"].string() == "too small, \"so\"")
  }

  @Test func csvHasAsManyFieldsInEachLine() throws {
    let lines = SweepCSV.make(sample()).split(separator: "\r\n").map(String.init)
    #expect(lines.count == 6)
    // The note has no comma, and a reason with quotes is quoted.
    let note = SweepReport.note
    let head = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    #expect(note.contains(",") && lines.dropFirst().allSatisfy { $0.hasSuffix(",\"\(note)\"") })
    let first = lines[1].replacing(",\"\(note)\"", with: ",note")
      .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    #expect(first.count == head.count)
    let fields = Dictionary(uniqueKeysWithValues: zip(head, first))
    #expect(fields["name"] == "ratio-10" && fields["options"] == "--int8 --target-ratio 10")
    #expect(fields["bytes"] == "913000" && fields["cost_low"] == "0.0032" && fields["front_macro_f1"] == "1")
    #expect(fields["recall_mel"] == "0.75" && fields["recall_change_mel_low"] == "-0.083")
    #expect(lines[5].contains(",\"too small, \"\"so\"\"\","))
  }

  @Test func thePageIsWholeAndNeedsNothingElse() throws {
    let page = SweepPage.make(sample())
    #expect(try unclosed(page) == [])
    for word in ["http", "src=", "@import", "url(", "<link", "<script"] { #expect(!page.contains(word), "\(word)") }
    let tags = try tags(page)
    #expect(tags.filter { $0.attributes["class"] == "front curve" }.count == 3)
    // Of four points and three figures: those on fronts are dots, the others rings.
    let points = tags.filter { $0.name == "circle" && $0.attributes["r"] == "4" }
    let legend = 3
    #expect(points.filter { $0.attributes["class"] == "compiled point" }.count == 3 + 2 + 2 + legend)
    #expect(points.filter { $0.attributes["class"] == "float point" }.count == 1 + 2 + 2 + legend)
    #expect(tags.filter { $0.attributes["class"] == "interval" }.count == 4 + 4 + 2)
    #expect(page.contains("Size and divergence from float. On the front: ratio-10 913 kB, 0.004; int8-default"))
    #expect(page.contains("<caption>mel, 60 images</caption>"))
    // What others' pages look like does not depend on it.
    #expect(!HTMLReport.make(sampleReport()).contains("figure.scatter"))
    let evil = "<script>alert('x')</script>"
    let strange = SweepPage.make(sample(evil))
    #expect(try unclosed(strange) == [] && !strange.contains("<script"))
  }

  @Test func saysWhatThereIsWithoutLabelsAndTimes() throws {
    var report = sampleReport()
    report.accuracy?.data = .heldBack
    report.accuracy?.compiled = nil
    report.accuracy?.float = nil
    report.accuracy?.deltas = nil
    let sweep = SweepReport(
      dermc: "0.1.0", source: report.source, isDivergence: false,
      points: [
        .init(name: "only", options: [], result: .bundle(.init(report: report, cost: nil, latency: nil)))
      ])
    #expect(sweep.front(.cost) == [] && sweep.front(.latency) == [])
    let text = SweepText.make(sweep)
    #expect(text.contains("1 bundle, measured on 210 held-back calibration samples") && !text.contains("macro-F1"))
    #expect(try unclosed(SweepPage.make(sweep)) == [])
    #expect(SweepCSV.make(sweep).split(separator: "\r\n").count == 2)
  }
}

import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// What holds for every page, whatever the model answers.
struct PageStructureTests {
  private static let reports: [Report] = [sampleAccuracy(), binaryAccuracy(), multiLabelAccuracy()].map { accuracy in
    var report = sampleReport()
    report.accuracy = accuracy
    report.accuracy?.curves = sampleCurves(accuracy.positive.map { [$0] } ?? accuracy.classes)
    report.preprocessing = ["size": [96, 128], "scale": .double(1.0 / 255), "mean": [0.5], "channels": "bgr"]
    report.answer = .init(description: "binary (one logit), positive: mel", stored: ["output": "logit"])
    report.evaluationData = .init(count: 200, sha256: "0badc0de")
    return report
  }

  private static let illustrations = ReportIllustrations(
    changed: sampleChanges(), latency: Latency(float: 0.004, compiled: 0.001, runs: 20, instructionSet: "avx2"),
    assumption: "pixels are scaled to 0...1")

  @Test(arguments: reports.indices)
  func isWellFormedAndInOrder(_ kind: Int) throws {
    let report = Self.reports[kind]
    let page = HTMLReport.make(report, Self.illustrations)
    #expect(try unclosed(page) == [])
    let levels = try tags(page).filter { !$0.isEnd && $0.name.count == 2 && $0.name.hasPrefix("h") }
      .compactMap { Int($0.name.dropFirst()) }
    #expect(levels.first == 1 && levels.count { $0 == 1 } == 1)
    for (before, after) in zip(levels, levels.dropFirst()) { #expect(after <= before + 1) }
  }

  @Test(arguments: reports.indices)
  func labelsEveryFigureAndDrawing(_ kind: Int) throws {
    let report = Self.reports[kind]
    let page = HTMLReport.make(report, Self.illustrations)
    let all = try tags(page)
    var figures = 0
    for (index, tag) in all.enumerated() where tag.name == "figure" && !tag.isEnd {
      figures += 1
      let end = all[index...].firstIndex { $0.name == "figure" && $0.isEnd } ?? index
      #expect(all[index..<end].contains { $0.name == "figcaption" })
      #expect(all[index..<end].contains { $0.attributes["role"] == "img" })
    }
    #expect(figures == 3)
    #expect(!page.contains("<figcaption></figcaption>"))
    for drawing in all where drawing.name == "svg" && !drawing.isEnd {
      let isDecoration = drawing.attributes["aria-hidden"] == "true"
      #expect(isDecoration != (drawing.attributes["aria-label"]?.isEmpty == false))
    }
    // A plot says in words where both models decide, where that is known.
    let isKnown = report.accuracy?.binary != nil
    #expect(all.contains { $0.attributes["aria-label"]?.contains("As decided: float sensitivity") == true } == isKnown)
  }

  @Test(arguments: reports.indices)
  func captionsEveryTable(_ kind: Int) throws {
    let report = Self.reports[kind]
    let page = HTMLReport.make(report, Self.illustrations)
    let all = try tags(page)
    let tables = all.indices.filter { all[$0].name == "table" && !all[$0].isEnd }
    #expect(tables.count > 8)
    for index in tables { #expect(all[index + 1].name == "caption") }
    #expect(!page.contains("<caption></caption>"))
    // Stacked rows name what their cells are.
    #expect(all.contains { $0.attributes["data-label"]?.hasPrefix("Change (axis ±") == true })
  }

  @Test(arguments: reports.indices)
  func holdsNoScriptsAndNeedsNothingElse(_ kind: Int) throws {
    let report = Self.reports[kind]
    let page = HTMLReport.make(report, Self.illustrations)
    for tag in try tags(page) {
      #expect(!["script", "link", "img", "iframe", "object", "image", "use", "a"].contains(tag.name))
      for name in tag.attributes.keys { #expect(!name.hasPrefix("on") && !["src", "href", "srcset"].contains(name)) }
    }
    for word in ["http", "@import", "url(", "data:"] { #expect(!page.contains(word), "\(word)") }
  }

  @Test func marksWhereBothModelsDecide() throws {
    let all = try tags(HTMLReport.make(Self.reports[1]))
    func marks(_ model: String) -> [[String?]] {
      all.filter { $0.attributes["class"] == "\(model) point" && $0.attributes["cx"] != "17" }
        .map { [$0.attributes["cx"], $0.attributes["cy"]] }
    }
    // False alarms 20 %, sensitivity 90 % and 85 %; precision 36 of 68 and 34 of 66; what was stated and came true.
    #expect(marks("float") == [["92", "34"], ["274", "130.4"], ["105", "138"]])
    #expect(marks("compiled") == [["92", "47"], ["261", "134.1"], ["105", "138"]])
  }

  @Test func showsPicturesOnlyWhereThereAreSome() throws {
    var changed = sampleChanges()
    changed = ChangedImages(
      images: changed.images.map { image in
        var image = image
        image.thumbnail = [0xFF, 0xD8, 0xFF]
        return image
      }, count: changed.count)
    let page = HTMLReport.make(Self.reports[1], ReportIllustrations(changed: changed))
    let pictures = try tags(page).filter { $0.name == "img" }
    #expect(pictures.count == changed.images.count)
    #expect(pictures.allSatisfy { $0.attributes["src"] == "data:image/jpeg;base64,/9j/" })
    #expect(pictures.allSatisfy { $0.attributes["alt"]?.hasPrefix("Thumbnail of ") == true })
    #expect(!MarkdownReport.make(Self.reports[1], ReportIllustrations(changed: changed)).contains("data:"))
  }

  @Test func showsStrangersNamesAsText() throws {
    let evil = "<img src=x onerror=alert(1)>\"'&\u{202E}"
    var report = Self.reports[1]
    report.accuracy?.positive = evil
    report.accuracy?.classes = ["other", evil]
    report.accuracy?.thresholdChoice = evil
    report.accuracy?.groups = .init(name: evil, count: 3)
    report.accuracy?.subgroups[0] = Subgroup(column: evil, value: evil, samples: 1, figures: [.init(evil)])
    report.accuracy?.curves = sampleCurves([evil])
    report.preprocessing = ["size": [1, 1], "resize": .string(evil), "channels": .string(evil)]
    report.answer = .init(description: evil, stored: ["output": .string(evil)])
    report.evaluationData = .init(count: 1, sha256: evil)
    let decision = ChangedImages.Decision(names: [evil], probabilities: [.nan])
    let image = ChangedImages.Image(file: evil, kind: .missed, labels: [evil], float: decision, compiled: decision)
    let illustrations = ReportIllustrations(
      changed: ChangedImages(images: [image], count: 1),
      latency: Latency(float: .nan, compiled: -1, runs: 0, instructionSet: evil), assumption: evil)
    let page = HTMLReport.make(report, illustrations)
    #expect(try unclosed(page) == [])
    #expect(try !tags(page).contains { $0.name == "img" })
    #expect(!page.contains("\u{202E}"))
    // Code is shown as it is.
    for line in MarkdownReport.make(report, illustrations).split(separator: "\n") where line.contains("<img") {
      #expect(line.contains("`<img"))
    }
  }

  @Test func survivesCurvesOfAbsurdNumbers() throws {
    var report = Self.reports[1]
    let points = [OperatingCurve.Point(x: .nan, y: 2), .init(x: -1e300, y: .infinity), .init(x: 7, y: 7)]
    let curves = CurvesReport(
      classes: [.init("mel", roc: points, precisionRecall: points)],
      reliability: [.init(count: 1 << 46, confidence: 1e300, right: .nan), .init(count: -3, confidence: 1, right: 1)])
    report.accuracy?.curves = .init(float: nil, compiled: curves)
    let page = HTMLReport.make(report)
    #expect(try unclosed(page) == [])
    for tag in try tags(page) where ["polyline", "circle"].contains(tag.name) {
      for value in tag.attributes.values { #expect(!value.contains("nan") && !value.contains("inf")) }
    }
  }
}

/// Curves that hardly differ, for each of some classes.
private func sampleCurves(_ names: [String]) -> AccuracyReport.Curves {
  func curves(_ shift: Double) -> CurvesReport {
    let roc = [(0, 0), (0.1, 0.75 + shift), (0.5, 0.9), (1, 1)].map { OperatingCurve.Point(x: $0.0, y: $0.1) }
    let precision = [(0, 1), (0.5, 0.8 + shift), (1, 0.25)].map { OperatingCurve.Point(x: $0.0, y: $0.1) }
    return CurvesReport(
      classes: names.map { CurvesReport.Class($0, roc: roc, precisionRecall: precision) },
      reliability: [
        ReliabilityBin(count: 9, confidence: 0.25, right: 0.5), ReliabilityBin(count: 0, confidence: nil, right: nil),
      ])
  }
  return .init(float: curves(0.02), compiled: curves(0))
}

/// One image of each kind.
func sampleChanges() -> ChangedImages {
  ChangedImages(
    images: ChangedImages.Kind.allCases.map { kind in
      ChangedImages.Image(
        file: "mel/\(kind.rawValue).jpg", kind: kind, labels: ["mel"],
        float: .init(names: ["mel"], probabilities: [0.75]), compiled: .init(names: [], probabilities: []))
    }, count: ChangedImages.Kind.allCases.count)
}

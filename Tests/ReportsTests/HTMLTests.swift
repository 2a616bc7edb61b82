import CanonicalJSON
import Metrics
import Testing

@testable import Reports

struct HTMLTests {
  @Test func closesEveryElement() throws {
    #expect(try unclosed(HTMLReport.make(sampleReport())) == [])
    var report = sampleReport()
    report.accuracy = nil
    report.bundle = nil
    report.layers = []
    report.passes = []
    report.calibration = nil
    #expect(try unclosed(HTMLReport.make(report)) == [])
  }

  @Test func theCheckSeesWhatIsWrong() throws {
    #expect(try unclosed("<a><b></b>") == ["a"])
    #expect(throws: Malformed.self) { try unclosed("<a></b>") }
    #expect(throws: Malformed.self) { try unclosed("<a>1 < 2</a>") }
    #expect(throws: Malformed.self) { try unclosed("<a>this & that</a>") }
    #expect(throws: Malformed.self) { try unclosed("<a b=\"\"c\"></a>") }
  }

  @Test func showsStrangersNamesAsText() throws {
    let evil = "<script>alert('x')</script>\"&"
    var report = sampleReport()
    report.source = .init(path: evil, format: evil, bytes: 1, sha256: evil)
    report.bundle = .init(
      path: evil, bytes: 1, sha256: evil, sections: [.init(name: evil, codec: evil, rawBytes: 1, storedBytes: 1)])
    report.dermc = evil
    report.warnings = [evil]
    report.passes = [.init(pass: evil, applied: 1, notes: [evil])]
    report.layers = [.init(name: evil, op: evil, output: [1], precision: "float32", reason: evil)]
    report.calibration = .init(
      samples: 1, heldBack: 1, skipped: [.init(file: evil, reason: evil)], estimator: evil, seed: 0)
    var accuracy = sampleAccuracy()
    accuracy.classes[1] = evil
    accuracy.float?.perClass[1].name = evil
    accuracy.deltas?.perClass[1] = .init(evil, recall: Estimate(-0.1, low: -0.2, high: -0.05))
    report.accuracy = accuracy
    let page = HTMLReport.make(report)
    #expect(try unclosed(page) == [])
    #expect(!page.contains("<script"))
    #expect(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"))
  }

  @Test func needsNothingElse() {
    let page = HTMLReport.make(sampleReport())
    for word in ["http", "src=", "@import", "url(", "<link", "<script"] { #expect(!page.contains(word), "\(word)") }
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
  }

  @Test func drawsIntervalsToScale() {
    var html = HTMLWriter()
    ChangeChart.draw(Estimate(-0.05, low: -0.1, high: -0.025), scale: 0.1, into: &html)
    #expect(html.text.contains("<rect class=\"range\" x=\"2.6\" y=\"5\" rx=\"4\" width=\"47.5\" height=\"8\"/>"))
    #expect(html.text.contains("<circle class=\"value\" cx=\"34.3\" cy=\"9\" r=\"3.5\"/>"))
    #expect(html.text.hasPrefix("<svg class=\"change loss\""))
    #expect(!html.text.contains("<polygon"))
    #expect(Document.scale([Estimate(0.01), Estimate(0.02, low: -0.07), nil]) == 0.1)
    #expect(Document.scale([] as [Estimate?]) == 0.01)
    #expect(Document.scale([Estimate(3)]) == 1)
  }

  @Test func endsInAnArrowWhatExceedsTheAxis() {
    func drawn(_ change: Estimate) -> String {
      var html = HTMLWriter()
      ChangeChart.draw(change, scale: 0.1, into: &html)
      return html.text
    }
    let (left, right) = ("points=\"0,9 7,4 7,14\"", "points=\"132,9 125,4 125,14\"")
    let wide = drawn(Estimate(-0.05, low: -0.4, high: 0.1))
    #expect(wide.contains(left) && !wide.contains(right) && wide.contains("cx=\"34.3\""))
    let far = drawn(Estimate(0.3, low: 0.2, high: 0.5))
    #expect(far.contains(right) && !far.contains(left) && !far.contains("<circle"))
  }

  @Test func oneSmallClassDoesNotStretchTheAxis() {
    func measured(_ value: Double, _ margin: Double, _ samples: Int) -> Document.Measured {
      Document.Measured(Estimate(value, low: value - margin, high: value + margin), samples: samples)
    }
    let sound = (0..<4).map { _ in measured(-0.01, 0.03, 80) }
    #expect(Document.scale(sound) == 0.05)
    #expect(Document.scale(sound + [measured(-0.25, 0.5, 4)]) == 0.05)
    // Many images, and yet a wide interval: an arrow. A large change of many images is never cut off.
    #expect(Document.scale(sound + [measured(0, 1, 21)]) == 0.05)
    #expect(Document.scale(sound + [measured(-0.15, 0.02, 90)]) == 0.2)
    #expect(Document.scale([measured(-0.25, 0.2, 4)]) == 0.5)
    #expect(Document.scale([] as [Document.Measured]) == 0.01)
  }

  @Test func survivesAbsurdFigures() throws {
    var report = sampleReport()
    report.accuracy?.deltas?.top1 = Estimate(1e300, low: -1e300, high: .infinity)
    report.accuracy?.agreement = Estimate(-1e300)
    report.accuracy?.float?.perClass[1].recall = 1e300
    report.accuracy?.compiled?.confusion = [[1 << 46, 0, 0], [], [0]]
    report.layers[0].outputSQNR = -1e300
    report.layers[0].sparsity = 1e300
    #expect(try unclosed(HTMLReport.make(report)) == [])
    _ = SummaryText.make(report)
    _ = MarkdownReport.make(report)
  }
}

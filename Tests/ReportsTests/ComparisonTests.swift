import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// Builds side by side.
struct ComparisonTests {
  private func comparison(_ lost: Int...) throws -> BuildComparison {
    let samples = BaselineTests()
    return try BuildComparison(
      lost.enumerated().map { index, count in
        ("\(index)<b>/model.report.json", try samples.report(samples.losing(count)))
      })
  }

  @Test func tellsFiguresAndChanges() throws {
    let comparison = try comparison(0, 6, 1)
    let recall = try #require(comparison.figures.first { $0.name == "recall of mel" })
    #expect(recall.values.map { ($0 ?? 0) * 30 }.map { $0.rounded() } == [29, 23, 28])
    #expect(recall.changes[0] == nil && recall.changes[1]?.p == 0.03125 && recall.changes[2]?.mayBeChance == true)
    let bundle = try #require(comparison.figures.first { $0.name == "bundle" })
    #expect(bundle.values == [2_150_300, 2_150_300, 2_150_300] && bundle.changes[1]?.loss.value == 0)
    // No report tells of time.
    #expect(!comparison.figures.contains { $0.name == "time" })
    let text = CompareText.make(comparison)
    #expect(text.hasPrefix("A  0<b>/model.report.json\nB  1<b>"))
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("recall of mel") })
    #expect(line.contains("96.67 %") && line.contains("20.00 pp worse (") && line.contains(") *"), "\(line)")
    #expect(line.contains("3.33 pp worse") && !line.hasSuffix("*"), "\(line)")
    #expect(text.contains("6 images of 60 decided otherwise\n  0.jpg: mel → nv → nv, right is mel\n"), "\(text)")
  }

  @Test func marksGainsToo() throws {
    let comparison = try comparison(12, 0)
    for name in ["recall of mel", "macro F1"] {
      let gain = try #require(comparison.figures.first { $0.name == name }?.changeText(1))
      // What chance does not explain is above zero at both ends.
      #expect(gain.contains(" pp better (+") && gain.contains(" … +") && gain.hasSuffix(") *"), "\(gain)")
    }
    let page = MarkdownReport.make(comparison)
    #expect(page.contains(" 12 images of 60 decided otherwise."))
  }

  @Test func isWrittenInEveryForm() throws {
    let comparison = try comparison(0, 12)
    let json = JSONNode(try JSON(parsing: comparison.json.prettyBytes()), name: "comparison")
    #expect(try json["builds"].elements().count == 2 && json["changed"].elements().count == 12)
    #expect(try json["figures"].elements()[0]["changes"].elements()[1]["method"].string() == "exact")
    #expect(try json["changed"].elements()[3]["decided"].elements().map { try $0.strings() } == [["mel"], ["nv"]])
    let page = HTMLReport.make(comparison, dermc: "1")
    #expect(try unclosed(page).isEmpty && page.contains("0&lt;b&gt;/model.report.json") && !page.contains("<b>/"))
    let markdown = MarkdownReport.make(comparison)
    #expect(markdown.contains("| recall of mel |") && !markdown.contains("<b>"))
  }

  @Test func refusesWhatDoesNotMatch() throws {
    let samples = BaselineTests()
    let one = try samples.report(samples.losing(0))
    #expect { try BuildComparison([("a", one)]) } throws: { "\($0)" == "compare takes two reports or more" }
    var other = one
    other.source = .init(path: "b.onnx", format: "onnx", bytes: 1, sha256: "")
    #expect { try BuildComparison([("a", one), ("b", other)]) } throws: { "\($0)".contains("--other-model") }
    #expect(try BuildComparison([("a", one), ("b", other)], allowsOtherModel: true).changed?.isEmpty == true)
    // Without images there are none to name.
    #expect(try BuildComparison([("a", sampleReport()), ("b", sampleReport())]).changed == nil)
  }
}

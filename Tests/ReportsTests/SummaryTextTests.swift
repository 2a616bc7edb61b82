import Metrics
import Testing

@testable import Reports

struct SummaryTextTests {
  @Test func summarisesInAHandfulOfLines() {
    #expect(
      SummaryText.make(sampleReport(), files: ["out/lesions.derm", "out/lesions.report.json"]) == """
        lesions.onnx → lesions.derm
          size      9.14 MB → 2.15 MB, 4.2× smaller
          work      300 M MACs (150 M by weights that are not zero)
          memory    3.68 MB: activations 1.25 MB, scratch 20.5 kB a thread, weights 2.41 MB
          layers    2 int8, 1 float32, least like float: block_1 (Conv), 18.2 dB
                    float32: softmax (Softmax): Softmax has no int8 form
          answer    multi-class, 3 logits
          accuracy  top-1 82.4 % → 81.9 %, −0.5 pp (−1.9 … +0.9), agreement 97.6 % on 210 labelled images
                    mel lost most: recall 78.3 % → 75.0 %, −3.3 pp (−8.3 … +1.7) on 60 images
          warning   1 calibration file was skipped: nv/broken.jpg (the JPEG ends early)
          written   out/lesions.derm
                    out/lesions.report.json

        """)
  }

  @Test func saysWhatItKnowsWithoutLabels() {
    var report = sampleReport()
    report.accuracy = AccuracyReport(data: .heldBack, samples: 16)
    report.accuracy?.agreement = Estimate(0.9375)
    report.accuracy?.outputSQNR = 28.5
    report.warnings = []
    let lines = SummaryText.make(report).split(separator: "\n")
    #expect(
      lines.last == "  accuracy  agreement 93.8 %, output SQNR 28.5 dB on 16 held-back calibration samples")
  }

  @Test func praisesNoLossOnlyWhereRecallIsKnown() {
    var report = sampleReport()
    report.accuracy?.deltas?.perClass = [.init("mel", recall: Estimate(0))]
    #expect(SummaryText.make(report).contains("no class lost recall"))
    report.accuracy?.deltas?.perClass = [.init("mel")]
    #expect(!SummaryText.make(report).contains("lost"))
  }

  /// Who asks for channels to be equalized is told what came of it.
  @Test func saysWhetherChannelsWereEqualized() {
    var report = sampleReport()
    #expect(report.channelText == nil)
    report.recipe?.equalizes = true
    #expect(SummaryText.make(report).contains("channels as they are: no layer has what can be equalized"))
    report.calibration?.equalizedLayers = 3
    #expect(SummaryText.make(report).contains("channels equalized: of 3 layers"))
  }

  @Test func keepsHostileNamesFromTheTerminal() {
    var report = sampleReport()
    report.layers[1].name = "evil\u{1B}]0;title\u{07}"
    report.warnings = ["two\nlines"]
    let text = SummaryText.make(report)
    #expect(!text.contains("\u{1B}"))
    #expect(text.contains("two\\u{a}lines"))
  }
}

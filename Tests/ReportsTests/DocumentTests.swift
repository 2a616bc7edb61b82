import CanonicalJSON
import Metrics
import Testing

@testable import Reports

/// What reports say of answers of every kind.
struct DocumentTests {
  @Test func saysWhatABinaryModelMissesFirst() {
    var report = sampleReport()
    report.accuracy = binaryAccuracy()
    report.accuracy?.thresholdChoice = "sensitivity 0.95"
    #expect(
      Findings.sentences(report).dropFirst() == [
        "Of 40 images with mel it finds 34, the float model 36: sensitivity −5.0 pp (−12.5 … 0.0), which may be "
          + "chance.",
        "Of 160 images without it, it raises a false alarm for 32, the float model for 32.",
        "Here mel is called from a probability of 0.3 on; this threshold was chosen on these very images "
          + "(sensitivity 0.95), so expect less on others.",
        "For 194 of 200 images (97.0 %) it decides like the float model.",
        "Of the subgroups sex = female lost most, 90 images: sensitivity 90.0 % became 80.0 %: "
          + "−10.0 pp (−25.0 … 0.0), which may be chance.",
      ])
    let text = MarkdownReport.make(report)
    #expect(!text.contains("Top-1"))
    #expect(text.contains("> **Note:** The threshold (0.3) was chosen on these very images, by sensitivity 0.95."))
    #expect(text.contains("Intervals are over 123 lesions: images of one count together"))
    #expect(text.contains("**mel, called from 0.3 on: 40 images of 200 show it**"))
    #expect(text.contains("| Sensitivity | 90.0 % | 85.0 % (72.0 … 95.0) | −5.0 pp (−12.5 … 0.0) |"))
    #expect(text.contains("| sex = female, sensitivity | 90 | 90.0 % | 80.0 % | −10.0 pp (−25.0 … 0.0) |"))
    let measures = ["Sensitivity", "Specificity", "PPV (precision)", "NPV", "Balanced accuracy", "AUC (ROC)"]
    let places = measures.map { text.firstRange(of: "| \($0) |")?.lowerBound ?? text.endIndex }
    #expect(places == places.sorted() && places.last != text.endIndex)
    #expect(
      Document.tiles(report).map(\.label) == [
        "Sensitivity", "Specificity", "AUC (ROC)", "Agreement with float", "Size",
      ])
  }

  @Test func saysWhatAMultiLabelModelFinds() {
    var report = sampleReport()
    report.accuracy = multiLabelAccuracy()
    let micro = BinaryFigures.Counts(
      truePositives: 30, falsePositives: 4, trueNegatives: 147, falseNegatives: 19)
    report.accuracy?.multilabel?.micro?.compiled.counts = micro
    report.accuracy?.multilabel?.micro?.float?.counts = micro
    report.accuracy?.deltas?.perClass[1].recall = Estimate(-0.25, low: -0.5, high: -0.125)
    report.accuracy?.float?.perClass[1].recall = 1
    report.accuracy?.compiled?.perClass[1].recall = 2.0 / 3
    #expect(
      Findings.sentences(report).dropFirst() == [
        "For 75 of 100 images (75.0 %) it gives the same labels as the float model, every one.",
        "Of 49 labels that apply it finds 30, the float model 30.",
        "The label that lost most is blue veil, of whose 9 images 6 are found instead of 9: "
          + "sensitivity −25.0 pp (−50.0 … −12.5), more than chance explains.",
      ])
    let text = MarkdownReport.make(report)
    #expect(!text.contains("Top-1") && !text.contains("Recall of each class"))
    #expect(text.contains("| atypical network | 40 | 75.0 % | 62.5 % | −12.5 pp (−25.0 … 0.0) |"))
    #expect(text.contains("| Images with every label right | 50.0 % | 43.8 % | −6.3 pp (−12.5 … 0.0) |"))
    #expect(text.contains("| blue veil | 0.25 | 75.0 % |"))
    for caption in ["Sensitivity of each label", "Mean over labels", "The labels of all images taken together"] {
      #expect(text.contains("**\(caption)**"), "\(caption)")
    }
  }

  @Test func tellsSensitivityAtAStatedSpecificity() {
    var report = sampleReport()
    report.accuracy?.float?.perClass[1].sensitivityAtSpecificity = .init(specificity: 0.9, sensitivity: 1)
    report.accuracy?.compiled?.perClass[1].sensitivityAtSpecificity = .init(specificity: 0.9, sensitivity: 0.75)
    report.accuracy?.compiled?.perClass[1].specificity = 0.96
    report.accuracy?.deltas?.perClass[1].specificity = Estimate(-0.01)
    report.accuracy?.compiled?.balancedAccuracy = 0.8125
    let text = MarkdownReport.make(report)
    #expect(text.contains("| mel | 90.0 % | 100.0 % | 75.0 % | – |"))
    #expect(text.contains("| mel | 60 | – | 96.0 % | −1.0 pp |"))
    #expect(text.contains("| Balanced accuracy | – | 81.3 % | – |"))
  }

  @Test func showsAtMostFiftyImagesTheWorstFirst() {
    let image = sampleChanges().images[2]
    let many = ChangedImages(images: [ChangedImages.Image](repeating: image, count: 70), count: 80)
    #expect(many.images.count == 50)
    let text = MarkdownReport.make(sampleReport(), ReportIllustrations(changed: many))
    #expect(text.contains("On 80 images of 210 the compiled model decides otherwise than the float model."))
    #expect(text.contains("30 more images not shown; --predictions FILE.csv writes all."))
    let few = MarkdownReport.make(sampleReport(), ReportIllustrations(changed: sampleChanges()))
    #expect(
      few.contains(
        "On 6 images of 210 the compiled model decides otherwise than the float model: 1 missed that float finds, "
          + "1 false alarm that float does not raise, 1 wrong where float is right, 1 wrong either way, "
          + "1 closer to right than float, 1 right where float is wrong."))
    #expect(few.contains("| mel/0.jpg | missed, float finds it | mel | mel 75.0 % | none |"))
    let none = ReportIllustrations(changed: ChangedImages(images: [], count: 0))
    #expect(MarkdownReport.make(sampleReport(), none).contains("Both models decide alike on every image."))
    #expect(!MarkdownReport.make(sampleReport()).contains("decided otherwise"))
  }

  @Test func saysWhatWasAssumedAboutPreprocessing() {
    var report = sampleReport()
    report.preprocessing = [
      "size": [96, 128], "scale": .double(1.0 / 255), "mean": [0.485, 0.456, 0.406], "std": [1.0], "channels": "bgr",
      "resize": "center-crop",
    ]
    report.answer = .init(description: "multi-class, 3 logits", stored: ["output": "logits"])
    report.calibrationData = .init(count: 127, sha256: "c0ffee")
    let text = MarkdownReport.make(report, ReportIllustrations(assumption: "pixels are scaled to 0...1"))
    for line in [
      "> **Note:** Assumed: pixels are scaled to 0...1", "| Answer | multi-class, 3 logits |", "| Output | logits |",
      "| Size | 128 × 96 pixels, width × height |", "| Pixel times | 1/255, to 0 … 1 |",
      "| Then minus (mean) | 0.485, 0.456, 0.406 |", "| Then over (std) | 1 |", "| Channels | blue, green, red |",
      "| Resizing | resized with a margin, then the middle cut out |", "| Calibration | 127 | `c0ffee` |",
    ] {
      #expect(text.contains(line), "\(line)")
    }
    #expect(!MarkdownReport.make(report).contains("Assumed"))
  }

  @Test func tellsTimesOnlyWhereTheyWereMeasured() {
    let latency = Latency(float: 0.0042, compiled: 0.0014, runs: 20, instructionSet: "avx2")
    let text = MarkdownReport.make(sampleReport(), ReportIllustrations(latency: latency))
    #expect(text.contains("**Time for one image, measured on this machine**"))
    #expect(text.contains("| One thread, at best | 4.20 ms | 1.40 ms |"))
    #expect(text.contains("The quickest of 20 runs each, in turn, with the instruction set avx2: 3.0× faster."))
    #expect(!MarkdownReport.make(sampleReport()).contains(" ms "))
  }
}

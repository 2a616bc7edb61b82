import Metrics
import Reports
import Tensors
import Testing

@testable import Compiler

@Suite struct AccuracyMeasureTests {
  /// Twelve samples of two classes; the sigmoid of one output.
  private static let truth = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
  private static let before = [0.9, 0.8, 0.6, 0.3, 0.7, 0.4, 0.35, 0.3, 0.2, 0.2, 0.1, 0.1]
  private static let after = [0.9, 0.7, 0.55, 0.25, 0.7, 0.45, 0.3, 0.3, 0.2, 0.1, 0.1, 0.1]

  private func binary(_ probabilities: [Double], threshold: Double) -> MeasuredModel {
    MeasuredModel(
      outputs: probabilities.map { [Float($0)] },
      answers: .classes(
        probabilities: probabilities.map { [1 - $0, $0] },
        predictions: probabilities.map { $0 >= threshold ? 1 : 0 }))
  }

  private var twoClasses: MeasureRequest {
    var request = MeasureRequest(
      data: .labelled, task: .binary, classes: ["other", "mel"], truth: .classes(Self.truth))
    request.bootstrap = Bootstrap(resamples: 50)
    return request
  }

  private func pair(_ request: MeasureRequest) throws -> AccuracyReport {
    try AccuracyMeasure.pair(
      float: binary(Self.before, threshold: 0.3), compiled: binary(Self.after, threshold: 0.3), request)
  }

  @Test func measuresAPositiveClassAtItsThreshold() throws {
    var request = twoClasses
    request.positive = 1
    request.thresholds = [Threshold(0.3, .chosen(.sensitivity(0.95)))]
    request.groups = SampleGroups("lesion_id", of: (0..<12).map { "\($0 / 2)" })
    request.subgroups = [SubgroupColumn("sex", values: Self.truth.indices.map { $0 % 2 == 0 ? "f" : "m" })]
    let report = try pair(request)
    #expect(report.task == .binary)
    #expect(report.positive == "mel")
    #expect(report.thresholds == [0.3])
    #expect(report.thresholdChoice == "sensitivity 0.95")
    let binary = try #require(report.binary)
    #expect(binary.float?.values[.sensitivity] == 1)
    #expect(binary.compiled.values[.sensitivity] == 0.75)
    let counts = try #require(binary.compiled.counts)
    #expect([counts.truePositives, counts.falseNegatives] == [3, 1])
    #expect([counts.falsePositives, counts.trueNegatives] == [4, 4])
    #expect(binary.deltas[.sensitivity]?.value == -0.25)
    // No sample's specificity changed: three of the four lesions without melanoma at most.
    #expect(binary.deltas[.specificity] == Estimate(0, low: -0.75, high: 0.75))
    #expect(report.groups == .init(name: "lesion_id", count: 6))
    // Decisions agree but for the fourth sample.
    #expect(report.agreement?.value == 11.0 / 12)
    #expect(report.subgroups.map(\.value) == ["m", "f"])
    #expect(report.subgroups[0].figures[0].delta?.value == -0.5)
    #expect(report.subgroups[0].groups == 6)
    #expect(report.curves?.compiled.classes.map(\.name) == ["mel"])
    #expect(report.curves?.float?.reliability.count == 15)
    #expect(EvaluationText.make(report).contains("intervals over 6 lesions"))
  }

  /// What is told of two classes does not depend on what is told on top.
  @Test func namingAPositiveClassChangesNoOtherFigure() throws {
    var plain = try pair(twoClasses)
    var request = twoClasses
    request.positive = 1
    var named = try pair(request)
    // The pictures are of the positive class alone.
    plain.curves = nil
    named.curves = nil
    named.binary = nil
    named.positive = nil
    #expect(plain == named)
    #expect(plain.deltas?.top1?.value == 7.0 / 12 - 8.0 / 12)
  }

  @Test func measuresOneModelAlone() throws {
    var request = twoClasses
    request.positive = 1
    let alone = try AccuracyMeasure.single(binary(Self.after, threshold: 0.3), request)
    let compared = try pair(request)
    #expect(alone.compiled == compared.compiled)
    #expect(alone.binary?.compiled == compared.binary?.compiled)
    #expect(alone.binary?.intervals == compared.binary?.intervals)
    #expect(alone.float == nil && alone.binary?.float == nil && alone.agreement == nil)
    #expect(alone.binary?.deltas.isEmpty == true)
    let text = EvaluationText.make(alone)
    #expect(text.hasPrefix("samples                        12\n"))
    #expect(text.contains("sensitivity        75.0 % ("))
  }

  @Test func tellsTheSensitivityAtASpecificity() throws {
    var request = twoClasses
    request.specificities = [1: 0.75]
    let report = try pair(request)
    // Two of eight others may be called: the third of four positives lies above them.
    #expect(report.float?.perClass[1].sensitivityAtSpecificity == .init(specificity: 0.75, sensitivity: 0.75))
    #expect(report.deltas?.perClass[1].sensitivityAtSpecificity?.value == 0)
    #expect(report.float?.perClass[0].sensitivityAtSpecificity == nil)
    #expect(report.deltas?.balancedAccuracy != nil)
  }

  @Test func measuresLabels() throws {
    let truth = [[true, false], [true, true], [false, false], [false, true]]
    func model(_ probabilities: [[Double]]) -> MeasuredModel {
      MeasuredModel(
        outputs: probabilities.map { $0.map { Float($0) } },
        answers: .labels(probabilities: probabilities, decisions: probabilities.map { $0.map { $0 >= 0.5 } }))
    }
    let float = model([[0.75, 0.25], [0.75, 0.75], [0.25, 0.25], [0.25, 0.75]])
    let compiled = model([[0.75, 0.25], [0.75, 0.25], [0.25, 0.25], [0.5, 0.75]])
    var request = MeasureRequest(
      data: .labelled, task: .multilabel, classes: ["network", "veil"], truth: .labels(truth))
    request.thresholds = [Threshold(0.5), Threshold(0.5)]
    request.bootstrap = Bootstrap(resamples: 20)
    request.subgroups = [SubgroupColumn("site", values: ["arm", "arm", "leg", nil])]
    let report = try AccuracyMeasure.pair(float: float, compiled: compiled, request)
    let labels = try #require(report.multilabel)
    #expect(labels.labels.map(\.name) == ["network", "veil"])
    #expect(labels.labels.map { $0.agreement?.value } == [0.75, 0.75])
    #expect(labels.labels[1].measures?.compiled.values[.sensitivity] == 0.5)
    #expect(labels.macro?.compiled.values[.sensitivity] == 0.75)
    #expect(labels.micro?.compiled.values[.sensitivity] == 0.75)
    #expect(labels.exactMatch?.float == 1 && labels.exactMatch?.compiled == 0.5)
    #expect(labels.hammingLoss?.compiled == 0.25)
    #expect(report.agreement?.value == 0.5)
    // Labels stand where classes do, so that what is said and limited per class holds for them.
    #expect(report.worstRecall?.delta.name == "veil")
    #expect(report.compiled?.perClass.map(\.support) == [2, 2])
    #expect(report.compiled?.top1 == nil)
    #expect(report.thresholds == [0.5, 0.5] && report.thresholdChoice == nil)
    #expect(report.subgroups.first?.value == "arm")

    request.truth = nil
    request.data = .heldBack
    let unlabelled = try AccuracyMeasure.pair(float: float, compiled: compiled, request)
    #expect(unlabelled.multilabel?.labels.map { $0.measures == nil } == [true, true])
    #expect(unlabelled.agreement?.value == 0.5)
    #expect(unlabelled.divergence == report.divergence)
    #expect(unlabelled.compiled == nil)
  }

  @Test func comparesWhatDecidesNothingByDistanceAlone() throws {
    let embedding = MeasuredModel(outputs: [[1, 2, 3], [0, -1, 0]], answers: .none)
    let report = try AccuracyMeasure.pair(
      float: embedding, compiled: embedding, MeasureRequest(data: .heldBack, task: MeasuredTask.none))
    #expect(report.cosine == 1 && report.agreement == nil && report.divergence == nil)
    expectRefusal("the outputs are no classes, so there is nothing to measure against labels") {
      try AccuracyMeasure.single(embedding, twoClasses)
    }
  }

  private func expectRefusal(_ message: String, _ body: () throws -> AccuracyReport) {
    #expect {
      try body()
    } throws: {
      ($0 as? Refusal)?.kind == .refused && "\($0)" == message
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    let one = binary(Self.after, threshold: 0.3)
    let none = MeasuredModel(outputs: Self.after.map { [Float($0)] }, answers: .none)
    expectRefusal("the two models do not answer in the same way") {
      try AccuracyMeasure.pair(float: none, compiled: one, twoClasses)
    }
    var request = twoClasses
    request.groups = SampleGroups("lesion", of: ["a"])
    expectRefusal("1 groups for 12 samples") { try pair(request) }
    request.groups = nil
    request.subgroups = [SubgroupColumn("sex", values: ["f"])]
    expectRefusal("column sex has 1 values for 12 samples") { try pair(request) }
    request.subgroups = []
    request.positive = 2
    expectRefusal("a positive class is told from one other; there are 2 classes") {
      try pair(request)
    }
  }
}

import Answers
import Images
import Metrics
import Platform
import Reports
import Testing

@testable import Compiler

@Suite struct LabelledFitTests {
  private func fit(
    _ rows: [[Float]], _ labels: [Int], _ task: OutputMeaning.Task, _ scores: OutputMeaning.Scores,
    classes: [String]
  ) throws -> LabelledFit {
    let meaning = OutputMeaning(output: "y", task: task, scores: scores, count: rows[0].count)
    return try LabelledFit(rows, labels: labels, meaning: meaning, classes: classes)
  }

  /// Every class is right in four of five cases.
  private let labels = (0..<60).map { $0 % 3 }
  private var rows: [[Float]] {
    labels.enumerated().map { index, label in
      let answer = index / 3 % 5 == 0 ? (label + 1) % 3 : label
      return (0..<3).map { $0 == answer ? 2 : 0.5 }
    }
  }

  @Test func doesNotCareHowSureAModelIs() throws {
    let usual = try fit(rows, labels, .multiclass, .logits, classes: ["a", "b", "c"])
    let sure = try fit(rows.map { $0.map { 20 * $0 } }, labels, .multiclass, .logits, classes: ["a", "b", "c"])
    #expect(abs(usual.loss - sure.loss) < 1e-4)
    // The best temperature says what is true: 80 %, and 10 % for each of the others.
    #expect(abs(usual.loss - -(0.8 * log(0.8) + 0.2 * log(0.1))) < 1e-4)
    #expect(usual.top1.value == 0.8 && usual.chance == nil && usual.order == nil)
    #expect(abs(try #require(usual.balanced?.value) - 0.8) < 1e-12)
  }

  @Test func losesTheLogarithmOfTheClassesWhereAnswersMeanNothing() throws {
    let nothing = (0..<60).map { sample in (0..<3).map { Float(sample / 3 * 7 % 5 == $0 ? 50 : 0) } }
    let found = try fit(nothing, labels, .multiclass, .logits, classes: ["a", "b", "c"])
    #expect(found.loss <= log(3) + 1e-6 && found.loss > log(3) - 0.05)
    #expect(found.chance != nil)
    // Numbers that are not finite say nothing.
    let broken = try fit(rows.map { $0.map { _ in .nan } }, labels, .multiclass, .logits, classes: ["a", "b", "c"])
    #expect(abs(broken.loss - log(3)) < 1e-9)
  }

  @Test func takesTheOrderThatFits() throws {
    let turned = labels.map { ($0 + 1) % 3 }
    let found = try fit(rows, turned, .multiclass, .logits, classes: ["b", "c", "a"])
    #expect(found.order?.classes == [1, 2, 0] && found.top1.value == 0.8 && found.chance == nil)
  }

  /// One number, of the second class.
  @Test(arguments: [OutputMeaning.Scores.logits, .probabilities]) func measuresFindings(
    scores: OutputMeaning.Scores
  ) throws {
    let labels = (0..<60).map { $0 % 2 }
    let rows = labels.enumerated().map { index, label -> [Float] in
      let isRight = index / 2 % 10 != 0
      let p: Float = (label == 1) == isRight ? 0.9 : 0.2
      return [scores == .logits ? log(p / (1 - p)) : p]
    }
    let found = try fit(rows, labels, .binary, scores, classes: ["benign", "mel"])
    let auc = try #require(found.auc)
    #expect(auc.value > 0.85 && found.top1.value == 0.9 && found.chance == nil && found.order == nil)
    let turned = try fit(rows, labels.map { 1 - $0 }, .binary, scores, classes: ["mel", "benign"])
    #expect(turned.order?.classes == [1, 0] && turned.auc == auc)
  }

  @Test func takesTheHighestOfSeveralFindings() throws {
    let rows = labels.map { label in (0..<3).map { Float($0 == label ? 0.6 : 0.3) } }
    let found = try fit(rows, labels, .multilabel, .probabilities, classes: ["a", "b", "c"])
    #expect(found.top1.value == 1 && found.loss < 0.01)
  }
}

@Suite struct AnswerSpreadTests {
  @Test func tellsDifferentAnswersFromSureOnes() throws {
    let ones = [1, 1, 1, 1]
    let different = [[1.0, 0], [0, 1], [1, 0], [0, 1]]
    let spread = try #require(AnswerSpread(different, weights: ones, task: .multiclass))
    #expect(abs(spread.information - log(2)) < 1e-12 && spread.entropy == 0)
    let same = try #require(AnswerSpread(ones.map { _ in [1.0, 0] }, weights: ones, task: .multiclass))
    let unsure = try #require(AnswerSpread(ones.map { _ in [0.5, 0.5] }, weights: ones, task: .multiclass))
    #expect(same.information == 0 && abs(unsure.information) < 1e-12 && abs(unsure.entropy - log(2)) < 1e-12)
    // Of several findings each counts.
    let several = try #require(AnswerSpread([[1, 0], [0, 1]], weights: [1, 1], task: .multilabel))
    #expect(abs(several.information - 2 * log(2)) < 1e-12)
    // A sample that does not stand there does not count.
    let weighted = try #require(AnswerSpread(different, weights: [2, 0, 2, 0], task: .multiclass))
    #expect(weighted.information == 0)
    #expect(AnswerSpread([[]], weights: [1], task: .none) == nil)
    #expect(AnswerSpread([], weights: [], task: .multiclass) == nil)
  }
}

@Suite struct ConventionTests {
  private func statistics() throws -> PixelStatistics {
    let image = try #require(Image(width: 2, height: 1, channels: 3, pixels: [10, 100, 7, 30, 100, 7]))
    return PixelStatistics([image], channels: 3)
  }

  @Test func measuresPixels() throws {
    let pixels = try statistics()
    #expect(pixels.mean == [20, 100, 7] && pixels.deviation == [10, 1, 1])
    #expect(pixels.allMean == 42.33 && abs(pixels.allDeviation - 41.52) < 1e-9)
  }

  @Test func keepsMeansWithTheirColours() throws {
    let all = PreprocessingConvention.all(try statistics())
    let caffe = try #require(all.first { $0.name == "Caffe means" })
    let bgr = try caffe.preprocessing(height: 8, width: 8, channels: .bgr, resize: .direct)
    #expect(bgr.mean == [103.939, 116.779, 123.68] && bgr.scale == 1 && caffe.channels == .bgr)
    let imagenet = try #require(all.first { $0.name == "ImageNet mean and std" })
    #expect(
      try imagenet.preprocessing(height: 8, width: 8, channels: .bgr, resize: .direct).std == [0.225, 0.224, 0.229])
    let own = try #require(all.first { $0.name == "data's own, by colour" })
    #expect(try own.preprocessing(height: 8, width: 8, channels: .bgr, resize: .direct).mean == [7, 100, 20])
  }

  /// All that is tried is something people do: no suspicion of its own.
  @Test func holdsNothingSuspicious() throws {
    for convention in PreprocessingConvention.all(try statistics()) where !convention.name.contains("own") {
      let preprocessing = try convention.preprocessing(height: 8, width: 8, channels: .rgb, resize: .direct)
      #expect(ScaleSuspicion.sentence(preprocessing) == nil, "\(convention.name)")
    }
  }
}

@Suite struct VerdictTests {
  @Test func isNeverSurerThanItsBasis() {
    #expect(DoctorFindings.Verdict(.labels, misfit: 0.5, hasTies: false, hasObjection: false) == .clear)
    #expect(DoctorFindings.Verdict(.normalization, misfit: 0.02, hasTies: false, hasObjection: false) == .clear)
    #expect(DoctorFindings.Verdict(.normalization, misfit: 0.3, hasTies: false, hasObjection: false) == .likely)
    #expect(DoctorFindings.Verdict(.answers, misfit: -2, hasTies: false, hasObjection: false) == .likely)
    #expect(DoctorFindings.Verdict(.labels, misfit: 0.5, hasTies: true, hasObjection: false) == .tied)
    #expect(DoctorFindings.Verdict(.labels, misfit: 0.5, hasTies: true, hasObjection: true) == .none)
  }
}

@Suite struct UsualOrderTests {
  @Test func knowsPublicDataSets() {
    let orders = UsualOrders.of(["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"])
    #expect(orders == [[0, 1, 2, 3, 5, 6, 4], [4, 5, 1, 0, 2, 3, 6]])
    #expect(UsualOrders.of(["MEL", "nv"]) == [])
  }
}

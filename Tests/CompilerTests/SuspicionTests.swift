import Answers
import Compiler
import Images
import Metrics
import Reports
import Testing

@Suite struct ScaleSuspicionTests {
  /// Conventions of the field: scale, mean, std.
  static let usual: [(Double, [Double], [Double])] = [
    (1, [0], [1]), (1.0 / 255, [0], [1]), (1 / 127.5, [1], [1]), (1, [127.5], [127.5]), (1.0 / 255, [0.5], [0.5]),
    (1.0 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    (1, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    (1, [103.939, 116.779, 123.68], [1]), (1, [104, 117, 123], [1]), (1, [159.88], [46.45]), (1, [0], [255]),
    (0.017, [1.767, 1.985, 2.1], [1]), (1.0 / 255, [0.1307], [0.3081]), (2.0 / 255, [1], [1]), (1, [128], [128]),
  ]

  @Test(arguments: usual) func leavesConventionsAlone(scale: Double, mean: [Double], std: [Double]) throws {
    let preprocessing = try Preprocessing(height: 8, width: 8, scale: scale, mean: mean, std: std)
    #expect(ScaleSuspicion.sentence(preprocessing) == nil)
  }

  static let odd: [(Double, [Double], [Double], String)] = [
    (1.0 / 255, [123.675], [58.395], "mean 123.675 does not fit the scale"),
    (1.0 / 255, [123.675, 116.28, 103.53], [58.395, 57.12, 57.375], "say --scale 1"),
    (1.0 / 255, [103.939, 116.779, 123.68], [1], "say --scale 1"),
    (1.0 / 255, [0], [255], "std 255.0 does not fit"), (1.0 / 255, [127.5], [127.5], "say --scale 1"),
    (1, [0.485], [0.229], "say --scale 1/255"), (1, [0.5], [0.5], "say --scale 1/255"),
    (1, [0.485, 0.456, 0.406], [1], "say --scale 1/255"), (1.0 / 65025, [0], [1], "inputs span only"),
    (1.0 / 255, [-0.5], [0.5], "mean -0.5 does not fit"), (5, [0], [1], "inputs span 1275"),
  ]

  @Test(arguments: odd) func suspectsWhatDoesNotFit(
    scale: Double, mean: [Double], std: [Double], part: String
  ) throws {
    let preprocessing = try Preprocessing(height: 8, width: 8, scale: scale, mean: mean, std: std)
    let sentence = try #require(ScaleSuspicion.sentence(preprocessing))
    #expect(sentence.contains(part), "\(sentence)")
  }
}

@Suite struct ChanceSuspicionTests {
  @Test func suspectsWhatTheMajorityBeats() throws {
    let confusion = [[4, 30, 6], [20, 60, 20], [3, 14, 3]]
    let sentence = try #require(ChanceSuspicion.sentence(confusion: confusion, classes: ["mel", "nv", "df"]))
    #expect(sentence.contains("41.9 %") && sentence.contains("always answering nv, 62.5 %"), "\(sentence)")
    // Above the majority's share, but not surely.
    #expect(ChanceSuspicion.sentence(confusion: [[2, 4], [2, 7]], classes: ["a", "b"]) != nil)
  }

  @Test func leavesGoodModelsAlone() {
    #expect(ChanceSuspicion.sentence(confusion: [[30, 5], [10, 35]], classes: ["a", "b"]) == nil)
    // Trained for rare classes: top-1 is below the majority's share, and every class is found.
    let balanced = [[60, 20, 20], [1, 18, 1], [2, 1, 17]]
    #expect(ChanceSuspicion.sentence(confusion: balanced, classes: ["nv", "mel", "df"]) == nil)
    // One class alone tells nothing.
    #expect(ChanceSuspicion.sentence(confusion: [[3, 9], [0, 0]], classes: ["a", "b"]) == nil)
    #expect(ChanceSuspicion.sentence(confusion: [[0, 0], [0, 0]], classes: ["a", "b"]) == nil)
  }

  @Test func looksAtTheAreaOfFindings() {
    #expect(ChanceSuspicion.sentence(auc: Estimate(0.55, low: 0.46, high: 0.64)) != nil)
    #expect(ChanceSuspicion.sentence(auc: Estimate(0.7, low: 0.6, high: 0.8)) == nil)
    #expect(ChanceSuspicion.sentence(auc: Estimate(0.2, low: 0.1, high: 0.3)) == nil)
    #expect(ChanceSuspicion.sentence(auc: Estimate(0.5)) == nil)
  }
}

@Suite struct OrderSuspicionTests {
  @Test func namesTheBetterOrder() throws {
    let confusion = [[2, 33, 1], [30, 2, 4], [3, 1, 32]]
    let sentence = try #require(OrderSuspicion.sentence(confusion: confusion, classes: ["bcc", "mel", "nv"]))
    #expect(sentence.contains("--labels mel,bcc,nv") && sentence.contains("88.0 % instead of 33.3 %"), "\(sentence)")
  }

  @Test func isNotTakenInByOneAnswerForEverything() {
    // Everything is called the first class, and the second is the commonest.
    #expect(
      OrderSuspicion.sentence(confusion: [[20, 0, 0], [140, 0, 0], [20, 0, 0]], classes: ["a", "b", "c"]) == nil)
  }

  @Test func leavesGoodAndUncertainOrdersAlone() {
    #expect(OrderSuspicion.sentence(confusion: [[20, 3], [4, 20]], classes: ["a", "b"]) == nil)
    // Two of three samples.
    #expect(OrderSuspicion.sentence(confusion: [[0, 1], [1, 1]], classes: ["a", "b"]) == nil)
  }

  @Test func turnsFindingsRound() throws {
    let sentence = try #require(
      OrderSuspicion.sentence(auc: Estimate(0.1, low: 0.05, high: 0.2), classes: ["benign", "mel"]))
    #expect(sentence.contains("--labels mel,benign"), "\(sentence)")
    #expect(OrderSuspicion.sentence(auc: Estimate(0.4, low: 0.2, high: 0.6), classes: ["a", "b"]) == nil)
  }
}

@Suite struct SmallSuspicionTests {
  @Test func namesSmallClasses() throws {
    let sentence = try #require(SmallClassSuspicion.sentence(support: [20, 19, 300], classes: ["a", "df", "nv"]))
    #expect(sentence.contains("df has 19 images, fewer than 20"), "\(sentence)")
    let many = try #require(SmallClassSuspicion.sentence(support: [1, 1, 0, 1, 300], classes: []))
    #expect(many.contains("4 of 5 classes") && many.contains("class 2 0"), "\(many)")
    #expect(SmallClassSuspicion.sentence(support: [20, 30], classes: ["a", "b"]) == nil)
    #expect(SmallClassSuspicion.sentence(support: [], classes: []) == nil)
  }

  private func layer(_ name: String, _ macs: Int, _ level: Double?) -> LayerReport {
    LayerReport(name: name, op: "Conv", output: [1], macs: macs, precision: "int8", outputSQNR: level)
  }

  @Test func namesNoisyLayersAndTheirShare() throws {
    let layers = [layer("a", 100, 9.9), layer("b", 300, 30), layer("c", 100, 4.2), layer("d", 0, nil)]
    let sentence = try #require(LayerNoiseSuspicion.sentence(layers))
    #expect(sentence.contains("2 layers are below 10 dB (40.0 % of the MACs), least of all c (Conv, 4.2 dB)"))
    #expect(LayerNoiseSuspicion.sentence([layer("a", 1, 10), layer("b", 1, nil)]) == nil)
    #expect(try #require(LayerNoiseSuspicion.sentence([layer("a", 0, 1)])).contains("(1 layer in all)"))
  }
}

@Suite struct ScoresSuspicionTests {
  private func meaning(_ task: OutputMeaning.Task, _ scores: OutputMeaning.Scores, _ count: Int) -> OutputMeaning {
    OutputMeaning(output: "y", task: task, scores: scores, count: count)
  }

  private let probabilities: [[Float]] = (0..<20).map { [0.02 * Float($0), 0.5, 0.5 - 0.02 * Float($0)] }
  private let logits: [[Float]] = (0..<20).map { [0.3 * Float($0), -1, 0.4] }

  @Test func suspectsProbabilitiesTakenForLogits() throws {
    let sentence = try #require(ScoresSuspicion.sentence(probabilities, as: meaning(.multiclass, .logits, 3)))
    #expect(sentence.contains("--scores probabilities"), "\(sentence)")
    let singles = probabilities.map { [$0[0]] }
    #expect(ScoresSuspicion.sentence(singles, as: meaning(.binary, .logits, 1)) != nil)
    #expect(ScoresSuspicion.sentence(probabilities, as: meaning(.multilabel, .logits, 3)) != nil)
    // A few logits may well be between 0 and 1.
    #expect(ScoresSuspicion.sentence(Array(singles.prefix(8)), as: meaning(.binary, .logits, 1)) == nil)
    #expect(ScoresSuspicion.sentence([[0.2, 0.9], [0.4, 0.8]], as: meaning(.binary, .logits, 2)) == nil)
  }

  @Test func suspectsLogitsTakenForProbabilities() throws {
    let sentence = try #require(ScoresSuspicion.sentence(logits, as: meaning(.multiclass, .probabilities, 3)))
    #expect(sentence.contains("--scores logits"), "\(sentence)")
    let independent = try #require(
      ScoresSuspicion.sentence([[0.9, 0.8], [0.1, 0.1]], as: meaning(.multiclass, .probabilities, 2)))
    #expect(independent.contains("--task multilabel"), "\(independent)")
  }

  @Test func leavesRightOnesAlone() {
    #expect(ScoresSuspicion.sentence(logits, as: meaning(.multiclass, .logits, 3)) == nil)
    #expect(ScoresSuspicion.sentence(probabilities, as: meaning(.multiclass, .probabilities, 3)) == nil)
    #expect(ScoresSuspicion.sentence([[0.9, 0.8]], as: meaning(.multilabel, .probabilities, 2)) == nil)
    #expect(ScoresSuspicion.sentence(probabilities, as: meaning(.none, .logits, 3)) == nil)
  }
}

@Suite struct SuspicionsTests {
  @Test func gathersAllInOrder() throws {
    var evidence = Suspicions.Evidence()
    #expect(Suspicions.all(evidence) == [])
    evidence.preprocessing = try Preprocessing(height: 8, width: 8, mean: [0.485], std: [0.229])
    evidence.normalization = NormalizationFit(node: "bn", divergence: 12, samples: 4)
    evidence.meaning = OutputMeaning(output: "y", task: .binary, scores: .probabilities, count: 1)
    evidence.outputs = [[2]]
    evidence.classes = ["benign", "mel"]
    evidence.auc = Estimate(0.1, low: 0.05, high: 0.2)
    evidence.support = [100, 3]
    let found = Suspicions.all(evidence)
    #expect(found.count == 5, "\(found)")
    for (sentence, part) in zip(
      found, ["scale", "bn (Batch", "--scores", "--labels mel,benign", "mel has"])
    { #expect(sentence.contains(part), "\(sentence)") }
  }

  /// Answers that fit another order well are below chance in the one given; that is said once.
  @Test func saysOnceWhatIsWrongWithAnswers() {
    var evidence = Suspicions.Evidence()
    evidence.meaning = OutputMeaning(output: "y", task: .multiclass, scores: .logits, count: 3)
    evidence.classes = ["a", "b", "c"]
    evidence.confusion = [[0, 30, 0], [0, 0, 30], [30, 0, 0]]
    #expect(Suspicions.all(evidence).map { $0.contains("--labels c,a,b") } == [true])
    evidence.confusion = [[10, 10, 10], [10, 10, 10], [10, 10, 10]]
    #expect(Suspicions.all(evidence).map { $0.contains("not above") } == [true])
  }
}

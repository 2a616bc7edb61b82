import Tensors
import Testing

@testable import Metrics

@Suite struct ScoresTests {
  typealias Answers = (outputs: [[Float]], probabilities: [[Double]], predictions: [Int])

  static let refused: [(answers: Answers, message: String)] = [
    (([], [], []), "there are no samples"),
    (([[1]], [[1]], [0]), "1 scores per sample; classes must be two or more"),
    (([[1, 2], [3]], [[0.5, 0.5], [1]], [0, 0]), "sample 1 has 1 scores, sample 0 has 2"),
    (([[1, 2], [3, .nan]], [[0.5, 0.5], [0.5, 0.5]], [0, 0]), "the score of sample 1, class 1 is nan"),
    (([[1, -.infinity]], [[1, 0]], [0]), "the score of sample 0, class 1 is -inf"),
    (([[1]], [[0.5, .nan]], [0]), "the probability of sample 0, class 1 is nan"),
    (([[1]], [[-0.5, 1.5]], [0]), "the probability of sample 0, class 0 is -0.5"),
    (([[1], [2]], [[0.5, 0.5]], [0, 0]), "1 rows of probabilities for 2 samples"),
    (([[1]], [[0.5, 0.5]], []), "0 decisions for 1 samples"),
    (([[1]], [[0.5, 0.5]], [2]), "the decision for sample 0 is class 2 of 2"),
  ]

  @Test(arguments: refused)
  func refuses(answers: Answers, message: String) {
    #expect(throws: Refusal(message)) {
      try Scores(
        outputs: answers.outputs, probabilities: answers.probabilities, predictions: answers.predictions)
    }
  }

  @Test func measuresDecisionsNotTheHighestProbability() throws {
    // One output, whose sigmoid is called positive from 0.3 on.
    let scores = try Scores(
      outputs: [[-0.5], [-2], [3]], probabilities: [[0.6, 0.4], [0.9, 0.1], [0.05, 0.95]], predictions: [1, 0, 1])
    let evaluation = try ModelAccuracy(LabelledScores(scores, labels: [1, 0, 1]), classNames: ["other", "mel"])
    #expect(evaluation.top1 == 1)
    #expect(try Divergence(of: scores, from: scores).distance.cosine == 1)
  }

  @Test func refusesLabelsThatDoNotFit() throws {
    let scores = try Scores(rows: [[1, 2], [3, 4]])
    #expect(throws: Refusal("1 labels for 2 samples")) { try LabelledScores(scores, labels: [0]) }
    #expect(throws: Refusal("the label of sample 1 is class 2; the model has 2 classes")) {
      try LabelledScores(scores, labels: [0, 2])
    }
    #expect(throws: Refusal.self) { try LabelledScores(scores, labels: [-1, 0]) }
    #expect(throws: Refusal("1 class names for 2 classes")) {
      try ModelAccuracy(LabelledScores(scores, labels: [0, 1]), classNames: ["a"])
    }
  }
}

@Suite struct ModelAccuracyTests {
  @Test func measuresAgainstLabels() throws {
    let evaluation = try ModelAccuracy(Samples.labelled(Samples.float), classNames: Samples.names)
    #expect(evaluation.top1 == 7.0 / 12)
    #expect(try #require(evaluation.macroF1).isNear(0.6126984126984126))
    #expect(try #require(evaluation.auc).isNear((0.84375 + 0.875 + 0.875) / 3))
    #expect(try #require(evaluation.logLoss).isNear(0.8170157140303065))
    #expect(try #require(evaluation.brier).isNear(0.44975748450034664))
    #expect(try #require(evaluation.ece).isNear(0.14425274583888198))
    #expect(try #require(evaluation.balancedAccuracy).isNear((0.75 + 0.5 + 0.5) / 3))
    #expect(evaluation.confusion == [[3, 1, 0, 0], [2, 2, 0, 0], [1, 0, 2, 1], [0, 0, 0, 0]])
    let classes = evaluation.perClass
    #expect(classes.map(\.name) == Samples.names)
    #expect(classes.map(\.support) == [4, 4, 4, 0])
    #expect(classes.map(\.precision) == [0.5, 2.0 / 3, 1, 0])
    #expect(classes.map(\.recall) == [0.75, 0.5, 0.5, nil])
    #expect(classes.map(\.f1) == [0.6, 4.0 / 7, 2.0 / 3, nil])
    let specificities = [0.625, 0.875, 1, 11.0 / 12]
    #expect(classes.compactMap(\.specificity) == specificities)
    #expect(classes.map(\.auc) == [0.84375, 0.875, 0.875, nil])
  }

  @Test func leavesUndefinedMeasuresOut() throws {
    let labelled = try LabelledScores(Scores(rows: [[1, 0, 0], [2, 0, 1]]), labels: [0, 0])
    let evaluation = try ModelAccuracy(labelled, classNames: ["a", "b", "c"])
    #expect(evaluation.top1 == 1)
    #expect(evaluation.macroF1 == 1)
    #expect(evaluation.auc == nil)
    #expect(evaluation.perClass.map(\.precision) == [1, nil, nil])
  }

  @Test func weighsTiesOneHalf() throws {
    // Probabilities of class 1: own 0.5, 0.9; others 0.5, 0.1. Pairs: tie, win, win, win.
    let scores = try Scores(rows: [[0.5, 0.5], [0.1, 0.9], [0.5, 0.5], [0.9, 0.1]])
    let curve = try LabelledScores(scores, labels: [1, 1, 0, 0]).ranking(class: 1)
    #expect(curve.area == 3.5 / 4)
    // The first pair twice: 2 ties and 2 wins more.
    #expect(curve.area(weights: [2, 1, 1, 1]) == 5.0 / 6)
    #expect(curve.area(weights: [0, 0, 1, 1]) == nil)
  }

  @Test func putsConfidencesIntoBins() throws {
    // Confidence 1 belongs to the last bin, 0.8 to the one that ends there with ten bins.
    let scores = try Scores(rows: [[1, 0], [0.75, 0.25], [0.75, 0.25]])
    let labelled = try LabelledScores(scores, labels: [0, 0, 1])
    #expect(labelled.calibrationError(bins: 4).isNear((0 + abs(1.5 - 1)) / 3))
    #expect(labelled.calibrationError(bins: 1).isNear(abs(2.5 - 2) / 3))
  }
}

@Suite struct DivergenceTests {
  @Test func measuresWithoutLabels() throws {
    let divergence = try Divergence(of: Scores(rows: Samples.compiled), from: Scores(rows: Samples.float))
    #expect(divergence.agreement == 0.75)
    #expect(divergence.kl.isNear(0.037629500507838615))
    #expect(divergence.distance.sqnr.isNear(11.353837612316477))
    #expect(divergence.distance.cosine.isNear(0.8944880577029583))
    #expect(divergence.distance.maximumRelativeError.isNear(0.4583333333333333))
  }

  @Test func isNothingBetweenEqualScores() throws {
    let scores = try Scores(rows: Samples.float)
    let divergence = try Divergence(of: scores, from: scores)
    #expect(divergence.agreement == 1)
    #expect(divergence.kl == 0)
    #expect(divergence.distance.sqnr == .infinity)
    #expect(divergence.distance.cosine == 1)
    #expect(divergence.distance.maximumRelativeError == 0)
  }

  @Test func staysFiniteForZeroProbabilities() throws {
    let divergence = try Divergence(of: Scores(rows: [[0, 1]]), from: Scores(rows: [[1, 0]]))
    // ln(1 / 1e-12) of the first class; the second adds 1e-12 ln 1e-12.
    #expect(divergence.kl.isNear(27.631021115928547 - 27.631021115928547e-12))
    #expect(divergence.distance.cosine == 0)
  }

  @Test func refusesOtherShapes() throws {
    #expect(throws: Refusal("1 x 2 scores cannot be compared with 1 x 3")) {
      try Divergence(of: Scores(rows: [[1, 2]]), from: Scores(rows: [[1, 2, 3]]))
    }
  }
}

import Answers
import CanonicalJSON
import Testing

private func meaning(
  _ task: OutputMeaning.Task, _ scores: OutputMeaning.Scores, count: Int, thresholds: [Double] = [], positive: Int = 1
) -> OutputMeaning {
  var meaning = OutputMeaning(output: "y", task: task, scores: scores, count: count)
  meaning.thresholds = thresholds
  meaning.positive = positive
  return meaning
}

private func isNear(_ values: [Double], _ others: [Double]) -> Bool {
  values.count == others.count && zip(values, others).allSatisfy { abs($0 - $1) < 1e-15 }
}

/// Expected figures are of scipy.special.softmax and expit.
@Suite struct OutputMeaningTests {
  @Test func classesShareASoftmaxOfLogits() {
    let answer = meaning(.multiclass, .logits, count: 3).answer([1, 3, 2])
    #expect(isNear(answer.probabilities, [0.09003057317038046, 0.6652409557748218, 0.24472847105479764]))
    #expect(answer.decided == [1] && answer.ranking == [1, 2, 0])
  }

  @Test func probabilitiesStayAsTheyAre() {
    let answer = meaning(.multiclass, .probabilities, count: 3).answer([0.25, 0.25, 0.5])
    #expect(answer.probabilities == [0.25, 0.25, 0.5] && answer.decided == [2])
  }

  @Test func equalScoresAreDecidedForTheFirst() {
    #expect(meaning(.multiclass, .logits, count: 3).answer([2, 5, 5]).decided == [1])
    #expect(meaning(.binary, .logits, count: 2).answer([0.5, 0.5]).decided == [0])
  }

  @Test func oneLogitSpeaksOfClassOne() {
    let answer = meaning(.binary, .logits, count: 1).answer([-2])
    #expect(isNear(answer.probabilities, [0.8807970779778823, 0.11920292202211755]))
    #expect(answer.decided == [0])
    #expect(meaning(.binary, .logits, count: 1).answer([0]).decided == [1])
  }

  @Test func oneProbabilityIsTakenAsItIs() {
    let answer = meaning(.binary, .probabilities, count: 1).answer([0.75])
    #expect(answer.probabilities == [0.25, 0.75] && answer.decided == [1])
  }

  /// An int8 sigmoid may leave 0 to 1 by part of a step.
  @Test func probabilitiesStayWithinZeroAndOne() {
    #expect(meaning(.binary, .probabilities, count: 1).probabilities([1.002]) == [0, 1])
    #expect(meaning(.multilabel, .probabilities, count: 2).probabilities([-0.003, 0.5]) == [0, 0.5])
  }

  @Test func extremeLogitsDoNotOverflow() {
    #expect(meaning(.binary, .logits, count: 1).probabilities([1000]) == [0, 1])
    #expect(meaning(.binary, .logits, count: 1).probabilities([-1000]) == [1, 0])
    #expect(meaning(.multiclass, .logits, count: 2).probabilities([1000, -1000]) == [1, 0])
  }

  @Test(arguments: [(0.3, 0.29, 0), (0.3, 0.3, 1), (0.3, 0.31, 1)])
  func aFindingIsThereFromItsThreshold(threshold: Double, probability: Float, decided: Int) {
    let meaning = meaning(.binary, .probabilities, count: 1, thresholds: [Double(Float(threshold))])
    #expect(meaning.answer([probability]).decided == [decided])
  }

  /// The positive class may come first: melanoma before naevus.
  @Test func theThresholdIsOfThePositiveClass() {
    let first = meaning(.binary, .probabilities, count: 2, thresholds: [0.3], positive: 0)
    #expect(first.answer([0.4, 0.6]).decided == [0])
    #expect(first.answer([0.2, 0.8]).decided == [1])
    let single = meaning(.binary, .probabilities, count: 1, thresholds: [0.3], positive: 0)
    #expect(single.answer([0.6]).decided == [0] && single.answer([0.8]).decided == [1])
  }

  @Test func labelsAreDecidedEachByItsThreshold() {
    let usual = meaning(.multilabel, .logits, count: 3).answer([0, -0.25, 4])
    #expect(usual.decided == [0, 2])
    #expect(isNear(usual.probabilities, [0.5, 0.43782349911420193, 0.98201379003790845]))
    let own = meaning(.multilabel, .probabilities, count: 3, thresholds: [0.9, 0.1, 0.5])
    #expect(own.answer([0.8, 0.2, 0.4]).decided == [1])
    #expect(own.answer([0, 0, 0]).decided == [])
  }

  @Test func whatDecidesNothingHasNoProbabilities() {
    let answer = meaning(.none, .logits, count: 64).answer([1, 2])
    #expect(answer.probabilities.isEmpty && answer.decided.isEmpty)
  }

  @Test(arguments: [
    meaning(.multiclass, .logits, count: 7),
    meaning(.binary, .probabilities, count: 1, thresholds: [0.25], positive: 0),
    meaning(.multilabel, .logits, count: 2, thresholds: [0.1, 0.9]), meaning(.none, .logits, count: 64),
  ]) func comesBackFromJSON(meaning: OutputMeaning) throws {
    #expect(try OutputMeaning(json: JSONNode(meaning.json, name: "answer")) == meaning)
  }

  @Test(arguments: [
    #"{"output":"y","task":"binary","scores":"logits","count":3}"#,
    #"{"output":"y","task":"multiclass","scores":"logits","count":1}"#,
    #"{"output":"y","task":"multiclass","scores":"logits","count":3,"thresholds":[0.5]}"#,
    #"{"output":"y","task":"binary","scores":"logits","count":1,"positive":2}"#,
    #"{"output":"y","task":"binary","scores":"logits","count":1,"thresholds":[1.5]}"#,
    #"{"output":"y","task":"binary","scores":"logits","count":1,"thresholds":[0.1,0.2]}"#,
    #"{"output":"y","task":"multilabel","scores":"logits","count":3,"thresholds":[0.1,0.2]}"#,
    #"{"output":"y","task":"ranking","scores":"logits","count":3}"#,
    #"{"output":"y","task":"none","scores":"logits"}"#,
    #"{"output":"y","task":"none","scores":"logits","count":3,"more":1}"#,
  ]) func refusesWhatDoesNotGoTogether(text: String) throws {
    let json = try JSON(parsing: Array(text.utf8))
    #expect(throws: JSONError.self) { try OutputMeaning(json: JSONNode(json, name: "answer")) }
  }
}

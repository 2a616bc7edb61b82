import Tensors
import Testing

@testable import Metrics

@Suite struct BinaryTests {
  @Test func leavesUndefinedMeasuresOut() throws {
    let measures = try BinaryOutcomes(
      isPositive: [false, false], probabilities: [0.25, 0.5], decisions: [false, false]
    ).measures
    let negative: [BinaryMeasure: Double] = [.specificity: 1, .npv: 1, .brier: 0.15625]
    #expect(measures.values == negative)
    let all = try BinaryOutcomes(isPositive: [true], probabilities: [0.25], decisions: [false]).measures
    let positive: [BinaryMeasure: Double] = [
      .sensitivity: 0, .npv: 0, .f1: 0, .averagePrecision: 1, .brier: 0.5625,
    ]
    #expect(all.values == positive)
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: Refusal("there are no samples")) {
      try BinaryOutcomes(isPositive: [], probabilities: [], decisions: [])
    }
    #expect(throws: Refusal("1 labels and 2 decisions for 2 samples")) {
      try BinaryOutcomes(isPositive: [true], probabilities: [0.5, 0.5], decisions: [true, true])
    }
    #expect(throws: Refusal("the probability of sample 0, class 0 is nan")) {
      try BinaryOutcomes(isPositive: [true], probabilities: [.nan], decisions: [true])
    }
    let outcomes = try BinaryOutcomes(isPositive: [true], probabilities: [0.5], decisions: [true])
    #expect(throws: Refusal("2 groups for 1 samples")) {
      try BinaryComparison(float: nil, compiled: outcomes, groups: SampleGroups("lesion", of: ["a", "b"]))
    }
  }

  static let labels = [true, true, true, true, false, false, false, false]
  static let probabilities = [0.9, 0.8, 0.8, 0.2, 0.85, 0.5, 0.3, 0.1]

  @Test func choosesThresholds() {
    func choose(_ choice: ThresholdChoice, _ labels: [Bool] = Self.labels) -> Double? {
      choice.threshold(isPositive: labels, probabilities: Self.probabilities)
    }
    #expect(choose(.sensitivity(0)) == 0.9)
    #expect(choose(.sensitivity(0.25)) == 0.9)
    #expect(choose(.sensitivity(0.5)) == 0.8)
    #expect(choose(.sensitivity(0.75)) == 0.8)
    #expect(choose(.sensitivity(0.76)) == 0.2)
    #expect(choose(.sensitivity(1.01)) == nil)
    #expect(choose(.sensitivity(0.5), Self.labels.map { _ in false }) == nil)
    // 3/4 - 1/4 at 0.8.
    #expect(choose(.youden) == 0.8)
    #expect(choose(.youden, Self.labels.map { _ in true }) == nil)
    // Every threshold of this one is as good as the highest.
    let even = ThresholdChoice.youden.threshold(
      isPositive: [true, false, true, false], probabilities: [0.9, 0.9, 0.5, 0.5])
    #expect(even == 0.9)
  }

  @Test func reachesAStatedSpecificityExactly() throws {
    // Nine of ten others are below 0.5: specificity 0.9, though 1 - 0.9 is less than 0.1 in binary.
    let others = (0..<10).map { $0 == 0 ? 0.75 : 0.25 }
    let curve = RankingCurve(
      probabilities: [0.5, 0.9] + others, isOwn: [true, true] + others.map { _ in false })
    #expect(curve.sensitivity(atSpecificity: 0.9) == 1)
    #expect(curve.sensitivity(atSpecificity: 0.91) == 0.5)
    #expect(curve.sensitivity(atSpecificity: 0) == 1)
    #expect(curve.sensitivity(atSpecificity: 1) == 0.5)
    let none = RankingCurve(probabilities: [0.5, 0.9], isOwn: [true, true])
    #expect(none.sensitivity(atSpecificity: 0.9) == nil)
  }

  @Test func keepsLongCurvesShort() throws {
    var generator = SeededGenerator(seed: 3)
    let labels = (0..<5000).map { _ in generator.next(below: 3) == 0 }
    let probabilities = labels.map { Double(generator.next(below: 4000) + ($0 ? 1000 : 0)) / 5000 }
    let curve = OperatingCurve(isPositive: labels, probabilities: probabilities)
    let area = try #require(
      try BinaryOutcomes(isPositive: labels, probabilities: probabilities, decisions: labels).measures.rocAUC)
    let roc = curve.roc()
    #expect(roc.count <= 200 && roc.count > 150)
    #expect(roc.first == OperatingCurve.Point(x: 0, y: 0) && roc.last == OperatingCurve.Point(x: 1, y: 1))
    #expect(abs(roc.area - area) < 0.002)
    let recall = curve.precisionRecall()
    #expect(recall.count <= 200 && recall.count > 100)
    #expect(recall.last == OperatingCurve.Point(x: 1, y: Double(curve.positives) / 5000))
    #expect(curve.roc(limit: 10_000).count > 200)
    // A straight line has two points.
    let even = OperatingCurve(isPositive: [true, false, true, false], probabilities: [0.9, 0.9, 0.5, 0.5])
    #expect(even.roc() == [.init(x: 0, y: 0), .init(x: 1, y: 1)])
  }
}

@Suite struct GroupTests {
  @Test func numbersGroupsByTheirFirstSamples() {
    let groups = SampleGroups("lesion", of: ["b", nil, "a", "b", nil, "a"])
    #expect(groups.indices == [0, 1, 2, 0, 3, 2])
    #expect(groups.count == 4)
    #expect(groups.subset([2, 4, 5]).indices == [0, 1, 0])
    #expect(groups.count { $0 != 1 && $0 != 2 } == 3)
  }

  @Test func drawsWholeGroups() {
    let groups = SampleGroups("lesion", of: ["a", "a", "b", "c", "c"])
    var draws: [[Int]] = []
    _ = Bootstrap(resamples: 50, seed: 9).intervals(samples: 5, groups: groups) { weights in
      draws.append(weights)
      return []
    }
    #expect(draws.count == 51)
    for draw in draws.dropFirst() {
      #expect(draw[0] == draw[1])
      #expect(draw[3] == draw[4])
      #expect(draw[0] + draw[2] + draw[3] == 3)
    }
    // Groups of one are samples.
    var (single, plain): ([[Int]], [[Int]]) = ([], [])
    let bootstrap = Bootstrap(resamples: 20, seed: 9)
    _ = bootstrap.intervals(samples: 3, groups: SampleGroups("id", of: ["x", "y", "z"])) {
      single.append($0)
      return []
    }
    _ = bootstrap.intervals(samples: 3) {
      plain.append($0)
      return []
    }
    #expect(single == plain)
  }

  @Test func splitsByAColumn() throws {
    let column = SubgroupColumn("sex", values: ["m", nil, "f", "m"])
    let subgroups = try column.subgroups(samples: 4)
    #expect(subgroups.map(\.value) == ["f", "m", nil])
    #expect(subgroups.map(\.samples) == [[2], [0, 3], [1]])
    #expect(throws: Refusal("column sex has 4 values for 5 samples")) { try column.subgroups(samples: 5) }
    let ages = SubgroupColumn("age", values: (0..<65).map { "\($0)" })
    #expect(throws: Refusal.self) { try ages.subgroups(samples: 65) }
  }
}

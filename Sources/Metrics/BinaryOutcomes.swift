/// For each sample whether it is positive, the probability of that a model gave, and what it decided.
package struct BinaryOutcomes: Sendable {
  package let isPositive: [Bool]
  package let probabilities: [Double]
  package let decisions: [Bool]
  private let ranking: RankingCurve

  /// - Throws: unless there are samples with a probability and a decision each.
  package init(isPositive: [Bool], probabilities: [Double], decisions: [Bool]) throws(MetricsError) {
    try MetricsError.check(outputs: probabilities.map { _ in [] }, probabilities: probabilities.map { [$0] })
    guard isPositive.count == probabilities.count, decisions.count == probabilities.count else {
      throw MetricsError(
        "\(isPositive.count) labels and \(decisions.count) decisions for \(probabilities.count) samples")
    }
    self.isPositive = isPositive
    self.probabilities = probabilities
    self.decisions = decisions
    ranking = RankingCurve(probabilities: probabilities, isOwn: isPositive)
  }

  package var measures: BinaryMeasures { measures(weights: [Int](repeating: 1, count: isPositive.count)) }

  /// The measures where each sample stands `weights[sample]` times.
  ///
  /// - Parameter ranks: whether to measure what follows the order of probabilities, which takes most of the time
  func measures(weights: [Int], ranks: Bool = true) -> BinaryMeasures {
    var counts = [0, 0, 0, 0]
    var (squares, total) = (0.0, 0)
    for sample in isPositive.indices {
      let weight = weights[sample]
      counts[(isPositive[sample] ? 2 : 0) + (decisions[sample] ? 1 : 0)] += weight
      let error = probabilities[sample] - (isPositive[sample] ? 1 : 0)
      squares += Double(weight) * error * error
      total += weight
    }
    return BinaryMeasures(
      truePositives: counts[3], falsePositives: counts[1], trueNegatives: counts[0], falseNegatives: counts[2],
      rocAUC: ranks ? ranking.area(weights: weights) : nil,
      averagePrecision: ranks ? ranking.averagePrecision(weights: weights) : nil, brier: squares / Double(total))
  }
}

/// One model's binary measures with their intervals, or those of two models on the same samples.
package struct BinaryComparison: Sendable, Equatable {
  /// Nil where one model is measured alone.
  package let float: BinaryMeasures?
  package let compiled: BinaryMeasures
  /// Of the compiled model's measures.
  package let intervals: [BinaryMeasure: ConfidenceInterval]
  /// Compiled minus float, paired; empty where one model is measured alone.
  package let deltas: [BinaryMeasure: ConfidenceInterval]

  /// - Throws: where the groups, or the two models' samples, do not match.
  package init(
    float: BinaryOutcomes?, compiled: BinaryOutcomes, groups: SampleGroups? = nil, bootstrap: Bootstrap = Bootstrap()
  ) throws(MetricsError) {
    let count = compiled.isPositive.count
    try groups?.check(samples: count)
    guard float.map({ $0.isPositive == compiled.isPositive }) ?? true else {
      throw MetricsError("the two models were not measured against the same labels")
    }
    let ranks = bootstrap.canRank(count, 2)
    let found = bootstrap.intervals(samples: count, groups: groups) { weights in
      let after = BinaryMeasure.values(compiled.measures(weights: weights, ranks: ranks))
      guard let float else { return after }
      let before = BinaryMeasure.values(float.measures(weights: weights, ranks: ranks))
      return after + BinaryMeasure.differences(after, before)
    }
    self.float = float?.measures
    self.compiled = compiled.measures
    intervals = BinaryMeasure.named(found.prefix(BinaryMeasure.allCases.count))
    deltas = BinaryMeasure.named(found.dropFirst(BinaryMeasure.allCases.count))
  }
}

extension BinaryMeasure {
  /// All measures in the order of the cases.
  static func values(_ measures: BinaryMeasures) -> [Double?] { allCases.map { measures[$0] } }

  /// What the first have more than the second, where both are defined.
  static func differences(_ after: [Double?], _ before: [Double?]) -> [Double?] {
    zip(after, before).map { after, before in after.flatMap { after in before.map { after - $0 } } }
  }

  /// Values in the order of the cases, by measure; without those that are nil.
  static func named<Value>(_ values: some Sequence<Value?>) -> [BinaryMeasure: Value] {
    var named: [BinaryMeasure: Value] = [:]
    for (measure, value) in zip(allCases, values) { named[measure] = value }
    return named
  }
}

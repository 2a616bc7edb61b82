package import Tensors

/// A multi-label model's answers and the labels that apply, prepared for measuring draws of samples.
package struct MultiLabelOutcomes: Sendable {
  package let labels: [BinaryOutcomes]
  /// Samples by the number of labels decided wrongly.
  private let errors: [Int]
  /// All samples' labels together.
  private let pooled: RankingCurve

  /// - Parameter truth: for each sample whether each label applies
  /// - Throws: unless truth has a row for each sample and an entry for each label
  package init(_ scores: MultiLabelScores, truth: [[Bool]]) throws(Refusal) {
    guard truth.count == scores.sampleCount, truth.allSatisfy({ $0.count == scores.labelCount }) else {
      throw Refusal(
        "the right labels are not \(scores.sampleCount) rows of \(scores.labelCount), as the model's answers are")
    }
    var labels: [BinaryOutcomes] = []
    for label in 0..<scores.labelCount {
      labels.append(
        try BinaryOutcomes(
          isPositive: truth.map { $0[label] }, probabilities: scores.probabilities.map { $0[label] },
          decisions: scores.decisions.map { $0[label] }))
    }
    self.labels = labels
    errors = zip(truth, scores.decisions).map { zip($0, $1).count { $0 != $1 } }
    let samples = truth.indices.flatMap { [Int](repeating: $0, count: scores.labelCount) }
    pooled = RankingCurve(
      probabilities: scores.probabilities.flatMap { $0 }, isOwn: truth.flatMap { $0 }, samples: samples)
  }

  var sampleCount: Int { errors.count }

  package var measures: MultiLabelMeasures { measures(weights: [Int](repeating: 1, count: sampleCount)) }

  /// The measures where each sample stands `weights[sample]` times.
  func measures(weights: [Int], ranks: Bool = true) -> MultiLabelMeasures {
    let each = labels.map { $0.measures(weights: weights, ranks: ranks) }
    func sum(_ count: (BinaryMeasures) -> Int) -> Int { each.reduce(0) { $0 + count($1) } }
    let micro = BinaryMeasures(
      truePositives: sum(\.truePositives), falsePositives: sum(\.falsePositives), trueNegatives: sum(\.trueNegatives),
      falseNegatives: sum(\.falseNegatives), rocAUC: ranks ? pooled.area(weights: weights) : nil,
      averagePrecision: ranks ? pooled.averagePrecision(weights: weights) : nil,
      brier: RankingCurve.mean(each.map(\.brier)))
    var (exact, wrong, total) = (0, 0, 0)
    for (errors, weight) in zip(errors, weights) {
      total += weight
      wrong += weight * errors
      if errors == 0 { exact += weight }
    }
    return MultiLabelMeasures(
      labels: each,
      macro: BinaryMeasure.named(BinaryMeasure.allCases.map { measure in RankingCurve.mean(each.map { $0[measure] }) }),
      micro: micro, exactMatch: Double(exact) / Double(total),
      hammingLoss: Double(wrong) / Double(total * labels.count))
  }
}

/// One multi-label model against the labels that apply.
package struct MultiLabelMeasures: Sendable, Equatable {
  package let labels: [BinaryMeasures]
  /// The mean of each measure over the labels it is defined for.
  package let macro: [BinaryMeasure: Double]
  /// All samples' labels taken together.
  package let micro: BinaryMeasures
  /// The fraction of samples with every label right.
  package let exactMatch: Double
  /// The fraction of all samples' labels that are wrong.
  package let hammingLoss: Double

  /// All numbers in one list: those of each label, macro, micro, exact match and Hamming loss.
  var values: [Double?] {
    labels.flatMap(BinaryMeasure.values) + BinaryMeasure.allCases.map { macro[$0] } + BinaryMeasure.values(micro)
      + [exactMatch, hammingLoss]
  }
}

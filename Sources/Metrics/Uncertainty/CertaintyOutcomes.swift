package import Tensors

/// What says whether a model's certainty can be relied on. Raw values are names in reports.
package enum CertaintyMeasure: String, Sendable, CaseIterable {
  /// Of the model's own probabilities.
  case statedECE = "stated_ece"
  case statedBrier = "stated_brier"
  case statedLogLoss = "stated_log_loss"
  /// Of calibrated ones.
  case ece
  case brier
  case logLoss = "log_loss"
  /// The area under risk over coverage, and what it is above the least that as many errors allow.
  case aurc
  case excessAURC = "excess_aurc"
  /// The share of samples whose set holds the right class.
  case coverage
  case setSize = "mean_set_size"
  /// The share of samples answered, and of these answers the wrong ones.
  case answered
  case risk
}

/// One model's certainty about labelled samples, prepared so that its measures can be had of any draw of them.
package struct CertaintyOutcomes: Sendable {
  private let stated: LabelledScores
  private let calibrated: LabelledScores
  private let curve: RiskCoverage
  private let sizes: [Int]
  private let isCovered: [Bool]
  private let isAnswered: [Bool]
  private let isRight: [Bool]

  /// - Parameters:
  ///   - stated: the model's own probabilities
  ///   - calibrated: the same at the fitted temperature
  ///   - confidences: how sure the model is of each answer
  ///   - sets: the classes of each sample's prediction set
  ///   - abstains: whether the model gives no answer to it
  /// - Throws: unless there is all of it for every sample
  package init(
    stated: LabelledScores, calibrated: LabelledScores, confidences: [Float], sets: [[Int]], abstains: [Bool]
  ) throws(Refusal) {
    let count = stated.sampleCount
    guard calibrated.sampleCount == count, confidences.count == count, sets.count == count, abstains.count == count
    else { throw Refusal("certainty is not told of \(count) samples each") }
    self.stated = stated
    self.calibrated = calibrated
    isRight = zip(stated.predictions, stated.labels).map { $0 == $1 }
    curve = RiskCoverage(confidences: confidences, isRight: isRight)
    sizes = sets.map(\.count)
    isCovered = zip(sets, stated.labels).map { $0.contains($1) }
    isAnswered = abstains.map { !$0 }
  }

  package var sampleCount: Int { stated.sampleCount }
  package var classCount: Int { stated.classCount }
  package var riskCoverage: [RiskCoverage.Point] { curve.curve() }
  package var statedReliability: [ReliabilityBin] { stated.scores.reliability(labels: stated.labels) }
  package var reliability: [ReliabilityBin] { calibrated.scores.reliability(labels: stated.labels) }

  /// How many sets have no class, one, two and so on.
  package var sizeCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount + 1)
    for size in sizes { counts[size] += 1 }
    return counts
  }

  /// The measures where each sample stands `weights[sample]` times; none of what no sample defines.
  package func values(weights: [Int]) -> [CertaintyMeasure: Double] {
    let total = weights.reduce(0, +)
    guard total > 0 else { return [:] }
    func share(_ includes: (Int) -> Bool) -> Int {
      weights.indices.reduce(0) { $0 + (includes($1) ? weights[$1] : 0) }
    }
    let answered = share { isAnswered[$0] }
    var values: [CertaintyMeasure: Double] = [
      .statedECE: stated.calibrationError(weights: weights), .ece: calibrated.calibrationError(weights: weights),
      .statedBrier: stated.brierScore(weights: weights), .brier: calibrated.brierScore(weights: weights),
      .statedLogLoss: stated.logLoss(weights: weights), .logLoss: calibrated.logLoss(weights: weights),
      .coverage: Double(share { isCovered[$0] }) / Double(total),
      .setSize: Double(weights.indices.reduce(0) { $0 + weights[$1] * sizes[$1] }) / Double(total),
      .answered: Double(answered) / Double(total),
    ]
    values[.aurc] = curve.area(weights: weights)
    values[.excessAURC] = curve.excessArea(weights: weights)
    if answered > 0 { values[.risk] = Double(share { isAnswered[$0] && !isRight[$0] }) / Double(answered) }
    return values
  }

  /// The share of a class's samples whose set holds it.
  package func coverage(ofClass index: Int, weights: [Int]) -> Double? {
    var (own, covered) = (0, 0)
    for (sample, label) in stated.labels.enumerated() where label == index {
      own += weights[sample]
      if isCovered[sample] { covered += weights[sample] }
    }
    return own > 0 ? Double(covered) / Double(own) : nil
  }

  /// Wilson's intervals of what are shares of independent samples.
  func wilson(_ measure: CertaintyMeasure) -> Estimate? {
    let answered = isAnswered.count { $0 }
    switch measure {
    case .coverage: return Estimate(share: isCovered.count { $0 }, of: sampleCount)
    case .answered: return Estimate(share: answered, of: sampleCount)
    case .risk:
      guard answered > 0 else { return nil }
      return Estimate(share: zip(isAnswered, isRight).count { $0 && !$1 }, of: answered)
    default: return nil
    }
  }

  /// A class's samples, how many of their sets hold it, and how many classes these have together.
  func counts(ofClass index: Int) -> (samples: Int, covered: Int, sizes: Int) {
    var counts = (samples: 0, covered: 0, sizes: 0)
    for (sample, label) in stated.labels.enumerated() where label == index {
      counts.samples += 1
      if isCovered[sample] { counts.covered += 1 }
      counts.sizes += sizes[sample]
    }
    return counts
  }
}

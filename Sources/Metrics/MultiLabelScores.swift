package import Tensors

/// A model's answers where several labels may apply to a sample: what it put out, the probability of each label, and
/// which it decided for.
package struct MultiLabelScores: Sendable, Equatable {
  package let outputs: [[Float]]
  package let probabilities: [[Double]]
  package let decisions: [[Bool]]

  /// - Throws: unless there are samples and labels, with a finite probability and a decision for each of both.
  package init(outputs: [[Float]], probabilities: [[Double]], decisions: [[Bool]]) throws(Refusal) {
    try Scores.check(outputs: outputs, probabilities: probabilities)
    guard !probabilities[0].isEmpty else { throw Refusal("there are no labels") }
    guard decisions.map(\.count) == probabilities.map(\.count) else {
      throw Refusal("decisions are not as many as probabilities")
    }
    self.outputs = outputs
    self.probabilities = probabilities
    self.decisions = decisions
  }

  package var sampleCount: Int { outputs.count }
  package var labelCount: Int { probabilities[0].count }
}

/// How far a multi-label model's answers are from a reference's on the same samples; no right answers are needed.
package struct MultiLabelDivergence: Sendable, Equatable {
  /// The fraction of samples for which both decide for the same set of labels.
  package let agreement: Estimate
  /// For each label the fraction of samples both decide alike on.
  package let labels: [Estimate]
  /// The mean over samples of the sum over labels of KL(reference || model) of label or not, in nats.
  package let kl: Double
  package let distance: OutputDistance

  /// - Throws: where the two, or the groups, do not have the same samples, labels and outputs.
  package init(
    of model: MultiLabelScores, from reference: MultiLabelScores, groups: SampleGroups? = nil,
    bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    guard model.sampleCount == reference.sampleCount, model.labelCount == reference.labelCount else {
      throw Refusal(
        "\(model.sampleCount) x \(model.labelCount) scores cannot be compared with "
          + "\(reference.sampleCount) x \(reference.labelCount)")
    }
    try groups?.check(samples: model.sampleCount)
    let rows = zip(model.decisions, reference.decisions)
    let same = [rows.map { $0 == $1 }] + (0..<model.labelCount).map { label in rows.map { $0[label] == $1[label] } }
    let intervals = bootstrap.intervals(samples: model.sampleCount, groups: groups) { weights in
      same.map { $0.fraction(weights: weights) }
    }.compactMap { $0 }
    agreement = intervals[0]
    labels = Array(intervals[1...])
    var kl = 0.0
    for (reference, model) in zip(reference.probabilities, model.probabilities) {
      for (p, q) in zip(reference, model) { kl += Divergence.term(p, q) + Divergence.term(1 - p, 1 - q) }
    }
    self.kl = kl / Double(model.sampleCount)
    distance = try OutputDistance(of: model.outputs, from: reference.outputs)
  }
}

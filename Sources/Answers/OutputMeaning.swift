/// What the numbers of a model's decision output mean: how they become probabilities and a decision.
///
/// It is settled once, when a model is compiled or read, and never guessed from the numbers of single samples.
package struct OutputMeaning: Sendable, Equatable {
  package enum Task: String, Sendable, CaseIterable {
    /// One of several classes.
    case multiclass
    /// A finding that is there or not: one number, or one for each of the two.
    case binary
    /// Several findings, each there or not.
    case multilabel
    /// No decision: an embedding, a map, a measured value.
    case none
  }

  /// What one number is.
  package enum Scores: String, Sendable, CaseIterable {
    case logits
    case probabilities
  }

  /// The name of the graph's output.
  package let output: String
  package let task: Task
  package let scores: Scores
  /// Numbers for one sample.
  package let count: Int
  /// The class that is the finding of a binary model: 0 or 1.
  package var positive = 1
  /// From which probability a finding counts as there: of a binary model at most one, of a multi-label one none or one
  /// for each label. Where there is none, a binary model decides for the higher score, all else from `usualThreshold`.
  package var thresholds: [Double] = []

  package static let usualThreshold = 0.5

  package init(output: String, task: Task, scores: Scores, count: Int) {
    self.output = output
    self.task = task
    self.scores = scores
    self.count = count
  }

  /// Whether a binary model gives one number, which speaks of class 1.
  package var isSingleScore: Bool { task == .binary && count == 1 }

  /// Classes, or labels, that are decided on.
  package var classCount: Int {
    switch task {
    case .binary: 2
    case .multiclass, .multilabel: count
    case .none: 0
    }
  }

  /// The threshold of a binary model; nil where the higher of two scores decides.
  package var threshold: Double? {
    guard task == .binary else { return nil }
    return thresholds.first ?? (count == 1 ? OutputMeaning.usualThreshold : nil)
  }

  /// The threshold of one label.
  package func threshold(ofLabel index: Int) -> Double {
    thresholds.indices.contains(index) ? thresholds[index] : OutputMeaning.usualThreshold
  }

  /// The probability of each class, or label, for one sample; none where there is no decision.
  ///
  /// Logits: softmax over classes, p_i = exp(x_i - max x) / sum of exp(x_j - max x); the logistic function of a single
  /// number and of each label, 1 / (1 + exp(-x)). A single number is the probability of class 1, and class 0 has the
  /// rest.
  ///
  /// - Parameter row: the output's numbers for the sample, `count` of them
  package func probabilities(_ row: [Float]) -> [Double] {
    let count = probabilityCount(ofRow: row.count)
    return [Double](unsafeUninitializedCapacity: count) { target, filled in
      row.withUnsafeBufferPointer { write(probabilitiesOf: $0, into: target) }
      filled = count
    }
  }

  private func probabilityCount(ofRow count: Int) -> Int {
    switch task {
    case .none: 0
    case .binary: count == 1 ? 2 : count
    case .multiclass, .multilabel: count
    }
  }

  /// Writes the probability of each class, or label, to memory of `classCount` numbers.
  package func write(
    probabilitiesOf row: UnsafeBufferPointer<Float>, into target: UnsafeMutableBufferPointer<Double>
  ) {
    switch task {
    case .none: break
    case .multilabel: for index in row.indices { target[index] = probability(row[index]) }
    case .binary where row.count == 1:
      target[1] = probability(row[0])
      target[0] = 1 - target[1]
    case .binary, .multiclass:
      if scores == .probabilities {
        for index in row.indices { target[index] = Double(row[index]) }
      } else {
        OutputMeaning.softmax(row, into: target)
      }
    }
  }

  /// The class that is decided for; nil where several labels are, each on its own, or nothing.
  ///
  /// - Parameter probabilities: those of `row`
  package func decision(
    _ row: UnsafeBufferPointer<Float>, _ probabilities: UnsafeBufferPointer<Double>
  ) -> Int? {
    switch task {
    case .none, .multilabel: return nil
    case .binary: if let threshold { return probabilities[positive] >= threshold ? positive : 1 - positive }
    case .multiclass: break
    }
    // Of scores, not of probabilities: rounding could make two of those equal.
    return OutputMeaning.firstHighest(row)
  }

  /// What the model says of one sample.
  ///
  /// - Parameter row: as for `probabilities`
  package func answer(_ row: [Float]) -> Answer {
    let probabilities = probabilities(row)
    guard task != .multilabel else {
      let decided = probabilities.indices.filter { probabilities[$0] >= threshold(ofLabel: $0) }
      return Answer(probabilities: probabilities, decided: decided)
    }
    let decided = row.withUnsafeBufferPointer { row in probabilities.withUnsafeBufferPointer { decision(row, $0) } }
    return Answer(probabilities: probabilities, decided: decided.map { [$0] } ?? [])
  }

  private func probability(_ score: Float) -> Double {
    guard scores == .logits else { return min(max(Double(score), 0), 1) }
    return OutputMeaning.logistic(Double(score))
  }

  private static func firstHighest(_ row: UnsafeBufferPointer<Float>) -> Int {
    var best = 0
    for index in row.indices where row[index] > row[best] { best = index }
    return best
  }
}

/// What a model says of one sample.
package struct Answer: Sendable, Equatable {
  /// Of each class, or label; none where there is no decision.
  package let probabilities: [Double]
  /// The class decided for; of a multi-label model all labels that count as there.
  package let decided: [Int]

  package init(probabilities: [Double], decided: [Int]) {
    self.probabilities = probabilities
    self.decided = decided
  }

  /// Classes by falling probability, of equal ones the lower first.
  package var ranking: [Int] { Answer.ranking(probabilities) }

  static func ranking(_ probabilities: [Double]) -> [Int] {
    probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
  }
}

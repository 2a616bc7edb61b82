import Platform

/// How sure a model's answers are to be taken: what was fitted on labelled samples that it was not trained on, and
/// travels in its bundle.
///
/// What a model decides does not change by it. Sets, abstention and limits look at the model's own probabilities,
/// logits and features, not at what the temperature makes of them: else their promises would hang on samples that the
/// temperature was fitted on.
package struct Uncertainty: Sendable, Equatable {
  /// Below which probability of the class decided for the model had better not answer.
  package struct Abstention: Sendable, Equatable {
    /// The share of wrong answers that is not exceeded among those given.
    package let risk: Double
    /// In which share of draws of the fitted samples that holds.
    package let certainty: Double
    /// Nil is infinity: no threshold holds the risk on so few samples, or with so many errors.
    package let threshold: Float?

    package init(risk: Double, certainty: Double, threshold: Float?) {
      self.risk = risk
      self.certainty = certainty
      self.threshold = threshold
    }
  }

  /// From which energy on an image is unlike those that were fitted on.
  package struct EnergyLimit: Sendable, Equatable {
    /// The share of images like those fitted on that is taken for unlike them.
    package let falseAlarms: Double
    package let threshold: Float

    package init(falseAlarms: Double, threshold: Float) {
      self.falseAlarms = falseAlarms
      self.threshold = threshold
    }
  }

  /// How the samples fitted on were chosen from a folder whose other samples were reported on.
  package struct Split: Sendable, Equatable {
    /// The share of the samples.
    package let share: Double
    package let seed: UInt64
    /// The column whose groups stayed together; nil where nothing told.
    package let group: String?

    package init(share: Double, seed: UInt64, group: String?) {
      self.share = share
      self.seed = seed
      self.group = group
    }
  }

  /// What logits are divided by so that probabilities say how often answers are right.
  package let temperature: Float
  package let sets: PredictionSets
  package var abstention: Abstention?
  package var energy: EnergyLimit?
  /// How far features may be from those fitted on; in the place of a limit of energy.
  package var distance: FeatureDistance?
  /// How many samples were fitted on.
  package var samples: Int
  /// Their identity, as hexadecimal digits.
  package var data: String
  /// Nil where they were a folder of their own.
  package var split: Split?

  package init(temperature: Float, sets: PredictionSets, samples: Int, data: String) {
    self.temperature = temperature
    self.sets = sets
    self.samples = samples
    self.data = data
  }

  /// Whether it can be told for such answers: those that decide for one class.
  package static func applies(to meaning: OutputMeaning) -> Bool {
    meaning.task == .multiclass || meaning.task == .binary
  }

  /// What is said of one sample.
  ///
  /// - Parameters:
  ///   - row: the output's numbers for it
  ///   - answer: what the model says of them
  ///   - distance: how far its features are from those fitted on; to be given where `distance` was fitted
  package func certainty(
    _ row: [Float], _ answer: Answer, _ meaning: OutputMeaning, distance: Float? = nil
  ) -> Certainty {
    precondition((distance == nil) == (self.distance == nil), "the distance of a sample is missing, or is of no use")
    let set = sets.set(answer.probabilities)
    let confidence = answer.confidence
    let energy = meaning.hasEnergy ? meaning.energy(row) : nil
    var reasons: [Certainty.Reason] = []
    if let abstention {
      // No number reaches none.
      if abstention.threshold.map({ !(confidence >= $0) }) ?? true {
        reasons.append(.confidence(confidence, threshold: abstention.threshold, risk: abstention.risk))
      }
    } else if set.count != 1 {
      reasons.append(.set(set.count))
    }
    if let energy, let limit = self.energy, !(energy <= limit.threshold) {
      reasons.append(.energy(energy, threshold: limit.threshold))
    }
    if let distance, let limit = self.distance, !(distance <= limit.threshold) {
      reasons.append(.distance(distance, threshold: limit.threshold))
    }
    return Certainty(
      probabilities: meaning.probabilities(row, temperature: temperature), set: set, confidence: confidence,
      energy: energy, distance: distance, reasons: reasons)
  }
}

extension Answer {
  /// The probability of the class decided for, by a model that decides for one.
  package var confidence: Float {
    guard let index = decided.first else { preconditionFailure("confidence is asked of an answer without a decision") }
    return Float(probabilities[index])
  }
}

extension OutputMeaning {
  /// Whether the logits of a sample have an energy that says more than their probabilities: several that no softmax
  /// has made sum to 1.
  package var hasEnergy: Bool { scores == .logits && count > 1 && Uncertainty.applies(to: self) }

  /// -ln sum exp(x_i): high where no class has a large logit (Liu et al., "Energy-Based Out-of-Distribution Detection",
  /// 2020).
  package func energy(_ row: [Float]) -> Float {
    let highest = row.reduce(-Float.infinity, max)
    return Float(-Double(highest) - log(row.reduce(0.0) { $0 + exp(Double($1) - Double(highest)) }))
  }

  /// One logit a class, whose softmax are the probabilities: of a single number 0 and itself, of probabilities their
  /// logarithms, kept off zero at 1e-12.
  package func logits(_ row: [Float]) -> [Double] {
    if scores == .logits { return (isSingleScore ? [0] : []) + row.map { Double($0) } }
    return probabilities(row).map { log(max($0, 1e-12)) }
  }

  /// softmax(logits / temperature).
  package func probabilities(_ row: [Float], temperature: Float) -> [Double] {
    let scaled = logits(row).map { $0 / Double(temperature) }
    let highest = scaled.reduce(-Double.infinity, max)
    let weights = scaled.map { exp($0 - highest) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

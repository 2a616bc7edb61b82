/// Split-conformal prediction sets: the classes that an image may be of, so many that the right one is among them with
/// a stated probability.
///
/// Each class of an answer has a score, by how far down the answer's probabilities it lies; the set is of those whose
/// score is at most a threshold, which is taken from samples whose right class is known. Scores are float32 on both
/// sides, so that what is equal here is equal there.
package struct PredictionSets: Sendable, Equatable {
  package enum Method: String, Sendable, CaseIterable {
    /// 1 - p: the smallest sets on average (Sadinle, Lei, Wasserman, "Least Ambiguous Set-Valued Classifiers With
    /// Bounded Error Levels", 2019).
    case lac
    /// The sum of the probabilities from the highest down to the class's own, itself included; not randomised (Romano,
    /// Sesia, Candès, "Classification With Valid and Adaptive Coverage", 2020).
    case aps
    /// The same, and `penalty` for each rank beyond `freeRanks` (Angelopoulos et al., "Uncertainty Sets for Image
    /// Classifiers Using Conformal Prediction", 2021).
    case raps
  }

  package let method: Method
  /// With which probability the right class is in the set.
  package let coverage: Double
  /// Up to which score a class is in the set: one threshold, or one a class so that the coverage holds for each. Nil is
  /// infinity: there were too few samples, and the class is in every set.
  package var thresholds: [Float?]
  package var penalty = PredictionSets.usualPenalty
  package var freeRanks = PredictionSets.usualFreeRanks

  package static let usualPenalty = 0.1
  package static let usualFreeRanks = 2

  package init(_ method: Method, coverage: Double, thresholds: [Float?]) {
    self.method = method
    self.coverage = coverage
    self.thresholds = thresholds
  }

  /// Whether each class has a threshold of its own.
  package var isByClass: Bool { thresholds.count > 1 }

  /// The score of each class.
  ///
  /// - Parameter probabilities: the model's, one a class
  package func scores(_ probabilities: [Double]) -> [Float] {
    guard method != .lac else { return probabilities.map { Float(1 - $0) } }
    var scores = [Float](repeating: 0, count: probabilities.count)
    var sum = 0.0
    for (position, index) in Answer.ranking(probabilities).enumerated() {
      sum += probabilities[index]
      let beyond = method == .raps ? penalty * Double(max(0, position + 1 - freeRanks)) : 0
      scores[index] = Float(sum + beyond)
    }
    return scores
  }

  /// The classes of the set, the most probable first.
  package func set(_ probabilities: [Double]) -> [Int] {
    let scores = scores(probabilities)
    return Answer.ranking(probabilities).filter { index in
      guard let threshold = thresholds[isByClass ? index : 0] else { return true }
      return scores[index] <= threshold
    }
  }
}

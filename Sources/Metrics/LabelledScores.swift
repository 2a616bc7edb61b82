import Platform
package import Tensors

/// Scores, the right classes, and what follows from both and is needed by several measures.
package struct LabelledScores: Sendable {
  package let scores: Scores
  /// The right class of each sample.
  package let labels: [Int]

  /// - Throws: unless every sample has a label and every label is a class.
  package init(_ scores: Scores, labels: [Int]) throws(Refusal) {
    guard labels.count == scores.sampleCount else {
      throw Refusal("\(labels.count) labels for \(scores.sampleCount) samples")
    }
    if let sample = labels.firstIndex(where: { !(0..<scores.classCount).contains($0) }) {
      throw Refusal(
        "the label of sample \(sample) is class \(labels[sample]); the model has \(scores.classCount) classes")
    }
    self.scores = scores
    self.labels = labels
  }

  package var sampleCount: Int { scores.sampleCount }
  package var classCount: Int { scores.classCount }
  package var predictions: [Int] { scores.predictions }
  /// Rows as in `scores`.
  package var probabilities: [Double] { scores.probabilities }

  /// The samples in the order of a class's probability.
  func ranking(class index: Int) -> RankingCurve {
    RankingCurve(probabilities: scores.column(index), isOwn: labels.map { $0 == index })
  }

  /// The probability a sample's right class was given, kept off zero for logarithms.
  private func probabilityOfLabel(_ sample: Int) -> Double {
    max(probabilities[sample * classCount + labels[sample]], Divergence.smallestProbability)
  }

  /// The mean of -ln p, p the probability of the right class (at least 1e-12).
  package var logLoss: Double { logLoss(weights: nil) }

  /// The same where each sample stands `weights[sample]` times.
  func logLoss(weights: [Int]?) -> Double {
    var (sum, total) = (0.0, 0)
    for sample in 0..<sampleCount {
      let weight = weights?[sample] ?? 1
      guard weight > 0 else { continue }
      sum -= Double(weight) * log(probabilityOfLabel(sample))
      total += weight
    }
    return sum / Double(total)
  }

  /// The mean over samples of the squared distance between the probabilities and the right answer (0 to 2).
  package var brierScore: Double { brierScore(weights: nil) }

  /// The same where each sample stands `weights[sample]` times.
  func brierScore(weights: [Int]?) -> Double {
    var (sum, total) = (0.0, 0)
    for sample in 0..<sampleCount {
      let weight = weights?[sample] ?? 1
      guard weight > 0 else { continue }
      for index in 0..<classCount {
        let error = probabilities[sample * classCount + index] - (index == labels[sample] ? 1 : 0)
        sum += Double(weight) * (error * error)
      }
      total += weight
    }
    return sum / Double(total)
  }

  /// Expected calibration error: the mean over bins, weighted by samples, of |mean confidence - fraction right|.
  ///
  /// Confidence is the probability of the predicted class; the bins are of equal width, the upper edge belonging to
  /// the bin (Guo et al., "On Calibration of Modern Neural Networks", 2017).
  ///
  /// - Parameter weights: how often each sample stands; nil for once
  package func calibrationError(bins: Int = 15, weights: [Int]? = nil) -> Double {
    var excess = [Double](repeating: 0, count: max(bins, 1))
    var total = 0
    for sample in 0..<sampleCount {
      let weight = weights?[sample] ?? 1
      let confidence = probabilities[sample * classCount + predictions[sample]]
      excess[ReliabilityBin.index(of: confidence, in: excess.count)] +=
        Double(weight) * (confidence - (predictions[sample] == labels[sample] ? 1 : 0))
      total += weight
    }
    return excess.reduce(0.0) { $0 + abs($1) } / Double(total)
  }

  /// Samples by right class (row) and predicted class (column).
  package var confusion: [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
    for (label, prediction) in zip(labels, predictions) { counts[label][prediction] += 1 }
    return counts
  }
}

package import Tensors

/// A model's answers on a data set, one class for each sample: what it put out, the probabilities that means, and the
/// class it decided for.
package struct Scores: Sendable, Equatable {
  package let sampleCount: Int
  package let classCount: Int
  /// What the model put out for each sample. Only distances are measured on these; they need not be one a class.
  package let outputs: [[Float]]
  /// `sampleCount` rows of `classCount` probabilities.
  package let probabilities: [Double]
  /// The class each sample was decided to be of.
  package let predictions: [Int]

  /// - Throws: unless there are at least one sample and two classes, every sample has outputs, a probability of each
  ///   class and a class, and all numbers are finite.
  package init(outputs: [[Float]], probabilities: [[Double]], predictions: [Int]) throws(Refusal) {
    try Scores.check(outputs: outputs, probabilities: probabilities)
    let classCount = probabilities[0].count
    guard classCount >= 2 else { throw Refusal("\(classCount) scores per sample; classes must be two or more") }
    guard predictions.count == outputs.count else {
      throw Refusal("\(predictions.count) decisions for \(outputs.count) samples")
    }
    if let sample = predictions.firstIndex(where: { !(0..<classCount).contains($0) }) {
      throw Refusal("the decision for sample \(sample) is class \(predictions[sample]) of \(classCount)")
    }
    self.outputs = outputs
    self.probabilities = probabilities.flatMap { $0 }
    self.predictions = predictions
    self.classCount = classCount
    sampleCount = outputs.count
  }

  /// The probability of one class for each sample.
  package func column(_ index: Int) -> [Double] {
    stride(from: index, to: probabilities.count, by: classCount).map { probabilities[$0] }
  }

  /// Confidence in the predicted class, and how often it was right, in the bins of the calibration error.
  ///
  /// - Parameter labels: the right class of each sample
  package func reliability(labels: [Int]) -> [ReliabilityBin] {
    ReliabilityBin.bins(
      predictions.enumerated().map { probabilities[$0.offset * classCount + $0.element] },
      isRight: zip(predictions, labels).map { $0 == $1 })
  }
}

extension Scores {
  /// What holds for the answers of every model that decides: samples, with outputs and as many probabilities each.
  static func check(outputs: [[Float]], probabilities: [[Double]]) throws(Refusal) {
    guard !outputs.isEmpty else { throw Refusal("there are no samples") }
    guard outputs.count <= 1 << 30 else { throw Refusal("there are more than 2^30 samples") }
    guard probabilities.count == outputs.count else {
      throw Refusal("\(probabilities.count) rows of probabilities for \(outputs.count) samples")
    }
    for (sample, row) in outputs.enumerated() {
      if let index = row.firstIndex(where: { !$0.isFinite }) {
        throw Refusal("the score of sample \(sample), class \(index) is \(row[index])")
      }
    }
    for (sample, row) in probabilities.enumerated() {
      guard row.count == probabilities[0].count else {
        throw Refusal("sample \(sample) has \(row.count) scores, sample 0 has \(probabilities[0].count)")
      }
      // Probabilities in Float that sum to 1 within their rounding may lie a little above it.
      if let index = row.firstIndex(where: { !(0...1.01).contains($0) }) {
        throw Refusal("the probability of sample \(sample), class \(index) is \(row[index])")
      }
    }
  }
}

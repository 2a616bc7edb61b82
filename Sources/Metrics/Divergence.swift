import Glibc

/// How far a model's scores are from a reference's on the same samples; no labels are needed.
package struct Divergence: Sendable, Equatable {
  /// The fraction of samples for which both give the same class first.
  package let agreement: Double
  /// The mean Kullback-Leibler divergence KL(reference || model) of the probabilities, in nats.
  package let kl: Double
  /// Signal to noise in dB, 10 log10(sum r^2 / sum (m - r)^2) over all scores; infinite where they are equal.
  package let sqnr: Double
  /// The mean over samples of the cosine between the two rows of scores; a pair of equal rows counts 1, any other
  /// pair with a row of zeros counts 0.
  package let cosine: Double
  /// max |m - r| / max |r| over all scores; 0 where all are equal.
  package let maximumRelativeError: Double

  /// What a probability counts at least in logarithms.
  static let smallestProbability = 1e-12

  /// - Throws: where the two do not have the same numbers of samples and classes.
  package init(of model: Scores, from reference: Scores) throws(MetricsError) {
    try self.init(of: model, model.probabilities(), from: reference, reference.probabilities())
  }

  init(
    of model: Scores, _ modelProbabilities: [Double], from reference: Scores, _ referenceProbabilities: [Double]
  ) throws(MetricsError) {
    guard model.sampleCount == reference.sampleCount, model.classCount == reference.classCount else {
      throw MetricsError(
        "\(model.sampleCount) x \(model.classCount) scores cannot be compared with "
          + "\(reference.sampleCount) x \(reference.classCount)")
    }
    let count = Double(reference.sampleCount)
    let same = zip(model.predictions, reference.predictions).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
    agreement = Double(same) / count
    var kl = 0.0
    for (p, q) in zip(referenceProbabilities, modelProbabilities) {
      let (p, q) = (min(max(p, Self.smallestProbability), 1), min(max(q, Self.smallestProbability), 1))
      kl += p * log(p / q)
    }
    self.kl = kl / count
    var (signal, noise, largest, largestError) = (0.0, 0.0, 0.0, 0.0)
    for (r, m) in zip(reference.values, model.values) {
      let (r, m) = (Double(r), Double(m))
      signal += r * r
      noise += (m - r) * (m - r)
      largest = max(largest, abs(r))
      largestError = max(largestError, abs(m - r))
    }
    sqnr = noise == 0 ? .infinity : 10 * log10(signal / noise)
    maximumRelativeError = largestError == 0 ? 0 : largestError / largest
    cosine = (0..<reference.sampleCount).reduce(0.0) { $0 + Self.cosine(reference.row($1), model.row($1)) } / count
  }

  private static func cosine(_ left: ArraySlice<Float>, _ right: ArraySlice<Float>) -> Double {
    if left == right { return 1 }
    var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0)
    for (l, r) in zip(left, right) {
      product += Double(l) * Double(r)
      leftSquare += Double(l) * Double(l)
      rightSquare += Double(r) * Double(r)
    }
    return leftSquare == 0 || rightSquare == 0 ? 0 : product / (leftSquare.squareRoot() * rightSquare.squareRoot())
  }
}

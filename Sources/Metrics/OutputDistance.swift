import Platform
package import Tensors

/// How far a model's outputs are from a reference's on the same samples, as numbers.
package struct OutputDistance: Sendable, Equatable {
  /// Signal to noise in dB, 10 log10(sum r^2 / sum (m - r)^2) over all outputs; infinite where they are equal.
  package let sqnr: Double
  /// The mean over samples of the cosine between the two rows of outputs; a pair of equal rows counts 1, any other
  /// pair with a row of zeros counts 0.
  package let cosine: Double
  /// max |m - r| / max |r| over all outputs; 0 where all are equal.
  package let maximumRelativeError: Double

  /// - Throws: unless both have the same numbers of samples and outputs, at least one, and all are finite.
  package init(of model: [[Float]], from reference: [[Float]]) throws(Refusal) {
    guard !reference.isEmpty, model.map(\.count) == reference.map(\.count) else {
      throw Refusal("\(model.count) rows of outputs cannot be compared with \(reference.count)")
    }
    for rows in [reference, model] {
      if let sample = rows.firstIndex(where: { $0.contains { !$0.isFinite } }) {
        throw Refusal("an output of sample \(sample) is NaN or infinite")
      }
    }
    var (signal, noise, largest, largestError, cosines) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (reference, model) in zip(reference, model) {
      for (r, m) in zip(reference, model) {
        let (r, m) = (Double(r), Double(m))
        signal += r * r
        noise += (m - r) * (m - r)
        largest = max(largest, abs(r))
        largestError = max(largestError, abs(m - r))
      }
      cosines += Self.cosine(reference, model)
    }
    sqnr = noise == 0 ? .infinity : 10 * log10(signal / noise)
    maximumRelativeError = largestError == 0 ? 0 : largestError / largest
    cosine = cosines / Double(reference.count)
  }

  private static func cosine(_ left: [Float], _ right: [Float]) -> Double {
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

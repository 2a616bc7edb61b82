/// How sure a model's answer to one sample is.
package struct Certainty: Sendable, Equatable {
  /// Why the model had better not answer.
  package enum Reason: Sendable, Equatable {
    /// It is less sure of its answer than what holds the risk; no threshold does where there is none.
    case confidence(Float, threshold: Float?, risk: Double)
    /// Its set has not one class.
    case set(Int)
    /// The image is unlike those that were fitted on.
    case energy(Float, threshold: Float)
    /// The same, by its features.
    case distance(Float, threshold: Float)

    /// In words.
    package var text: String {
      switch self {
      case .confidence(_, nil, let risk):
        "no confidence holds the share of wrong answers at \(Certainty.short(risk * 100)) %"
      case .confidence(let confidence, let threshold?, let risk):
        "confidence \(Certainty.pair(confidence, threshold).0) is below \(Certainty.pair(confidence, threshold).1), "
          + "which holds the share of wrong answers at \(Certainty.short(risk * 100)) %"
      case .set(0): "the set is empty: no class is likely enough"
      case .set(let count): "the set holds \(count) classes"
      case .energy(let energy, let threshold):
        "energy \(Certainty.pair(energy, threshold).0) is above \(Certainty.pair(energy, threshold).1): "
          + "unlike the data it was fitted on"
      case .distance(let distance, let threshold):
        "distance \(Certainty.pair(distance, threshold).0) is above \(Certainty.pair(distance, threshold).1): "
          + "unlike the data it was fitted on"
      }
    }
  }

  /// The probability of each class at the fitted temperature.
  package let probabilities: [Double]
  /// The classes that the image may be of, the most probable first.
  package let set: [Int]
  /// The model's own probability of the class it decides for.
  package let confidence: Float
  /// -ln sum exp(logits); nil where the output are no several logits.
  package let energy: Float?
  /// How far the features are from those fitted on; nil where nothing was fitted of them.
  package let distance: Float?
  /// Empty where nothing speaks against the answer.
  package let reasons: [Reason]

  package var abstains: Bool { !reasons.isEmpty }

  /// All reasons in words; empty where there are none.
  package var why: String { reasons.map(\.text).joined(separator: "; ") }

  /// Two numbers with two decimals, or as many as tell them apart.
  private static func pair(_ first: Float, _ second: Float) -> (String, String) {
    for places in 2...6 {
      let texts = (decimal(Double(first), places), decimal(Double(second), places))
      if texts.0 != texts.1 { return texts }
    }
    return ("\(first)", "\(second)")
  }

  /// Without zeros at the end.
  private static func short(_ value: Double) -> String {
    var text = decimal(value, 4)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  private static func decimal(_ value: Double, _ places: Int) -> String {
    var unit = 1.0
    for _ in 0..<places { unit *= 10 }
    let scaled = (abs(value) * unit).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let digits = "\(Int(scaled))"
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    return (value < 0 && scaled > 0 ? "-" : "") + padded.dropLast(places) + "." + padded.suffix(places)
  }
}

import Answers

/// How sure an answer is, as the bundle was told on labelled images when it was compiled with
/// `--calibrate-probabilities`. The answer itself does not change by it.
public struct DermCertainty: Sendable, Equatable {
  /// Whether the model had better not answer, so that someone else decides.
  public let abstains: Bool
  /// Why, in a sentence; empty where nothing speaks against the answer.
  public let why: String
  /// The classes that the image may be of, the most probable first: the right one is among them as often as was asked
  /// for, on images like those fitted on.
  public let set: [DermClass]
  /// How often such an answer is right: the probability of each class, in the model's order.
  public let probabilities: [Double]
  /// The model's own probability of the class decided for, which abstaining goes by.
  public let confidence: Double
  /// High where the image is unlike those fitted on; nil where the model's output cannot tell.
  public let energy: Double?
  /// How far the image's features are from those fitted on, where the bundle was compiled with `--unlike mahalanobis`;
  /// else nil.
  public let distance: Double?

  init(_ certainty: Certainty, classes: [DermClass]) {
    abstains = certainty.abstains
    why = certainty.why
    set = certainty.set.map { classes[$0] }
    probabilities = certainty.probabilities
    confidence = Double(certainty.confidence)
    energy = certainty.energy.map { Double($0) }
    distance = certainty.distance.map { Double($0) }
  }
}

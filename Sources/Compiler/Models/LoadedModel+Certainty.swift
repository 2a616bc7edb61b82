import Answers
import Bundles
import Tensors

extension LoadedModel {
  /// What the bundle tells of how sure answers are, and of the answers it was fitted for; nil where it tells nothing.
  func storedUncertainty() throws(Refusal) -> (found: Uncertainty, meaning: OutputMeaning)? {
    guard let bundle, let explanation = bundle.explanation else { return nil }
    do throws(Refusal) {
      let meaning = try OutputReading.stored(bundle.answer, in: graph, labels: bundle.labels?.count).meaning
      return try Uncertainty.stored(explanation, for: meaning).map { ($0, meaning) }
    } catch {
      throw error.of(file: path)
    }
  }

  /// The same for answers as they are read now: nil, with a sentence on it, where images are prepared or answers are
  /// read in another way than those it was fitted on.
  func uncertainty(
    for meaning: OutputMeaning, overridesPreprocessing: Bool
  ) throws(Refusal) -> (found: Uncertainty?, warning: String?) {
    guard let stored = try storedUncertainty() else { return (nil, nil) }
    let other = stored.meaning != meaning ? "answers" : overridesPreprocessing ? "preprocessing" : nil
    guard let other else { return (stored.found, nil) }
    return (
      nil,
      "\(path): how sure answers are was fitted for other \(other) than options ask for, so nothing is said of it"
    )
  }
}

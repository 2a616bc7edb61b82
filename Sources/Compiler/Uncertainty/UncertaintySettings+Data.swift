import Answers
import DataSets
import Tensors

extension UncertaintySettings {
  /// Refuses models whose answers nothing can be fitted of.
  func check(_ meaning: OutputMeaning) throws(Refusal) {
    guard Uncertainty.applies(to: meaning) else {
      throw .usage(
        "--calibrate-probabilities \(text): is for models that decide for one class; this one is "
          + "\(meaning.task == .none ? "no decision" : meaning.task.rawValue)")
    }
  }

  /// How data are divided; nil where a folder is told.
  ///
  /// - Parameter seed: of the draw
  func split(of data: LabelledData, seed: UInt64) -> Uncertainty.Split? {
    guard case .split(let share) = source else { return nil }
    return Uncertainty.Split(share: share, seed: seed, group: data.groups?.column)
  }
}

import Answers
import DataSets
import Explanations
import IR
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

  /// The network with what unlike images are told by; nil where that is in its output.
  ///
  /// - Parameters:
  ///   - graph: as it is executed
  ///   - path: of the model, for messages
  func network(
    _ graph: Graph, _ decision: DecisionOutput, _ binding: DataBinding, path: String
  ) throws(Refusal) -> PooledNetwork? {
    guard unlike == .mahalanobis else { return nil }
    return try PooledNetwork(graph, decision, binding, path: path)
  }

  /// How many features unlike images are told by; none where that is in the model's output.
  func featureChannels(
    _ graph: Graph, _ decision: DecisionOutput, _ binding: DataBinding, path: String
  ) throws(Refusal) -> Int {
    guard unlike == .mahalanobis else { return 0 }
    var graph = graph
    return try PooledNetwork.pooled(&graph, decision, binding, path: path).channels
  }

  /// How data are divided; nil where a folder is told.
  ///
  /// - Parameter seed: of the draw
  func split(of data: LabelledData, seed: UInt64) -> Uncertainty.Split? {
    guard case .split(let share) = source else { return nil }
    return Uncertainty.Split(share: share, seed: seed, group: data.groups?.column)
  }
}

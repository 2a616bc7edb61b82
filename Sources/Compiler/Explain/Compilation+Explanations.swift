import IR
import Tensors

extension Compilation {
  /// Whether the compiled model looks where the float model looks; nil where that was not asked for.
  func fidelity(
    _ original: Graph, _ compiled: Graph, _ binding: DataBinding, _ decision: DecisionOutput,
    _ evaluation: LabelledData?, _ outcome: FloatComparison.Outcome?
  ) throws(Refusal) -> FidelityMeasure.Outcome? {
    guard request.comparesExplanations, let evaluation, let outcome else { return nil }
    func side(_ graph: Graph, _ path: String) -> FidelityMeasure.Side {
      FidelityMeasure.Side(graph: graph, decision: decision, binding: binding, data: evaluation, path: path)
    }
    return try FidelityMeasure.run(
      side(Preparation.fused(original).graph, request.model), side(compiled, request.output), samples: outcome.used,
      threads: request.threads, math: .kernels, showsPictures: request.showsThumbnails, observer: observer)
  }
}

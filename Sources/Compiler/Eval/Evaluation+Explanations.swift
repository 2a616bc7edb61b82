import Tensors

extension Evaluation {
  /// Whether the model looks where the one it is compared with looks; nil where that was not asked for.
  ///
  /// - Parameter scored: with the thresholds that were chosen
  func fidelity(_ scored: Scored) throws(Refusal) -> FidelityMeasure.Outcome? {
    guard comparesExplanations, let other, let sources = scored.sources, let reference = scored.other else {
      return nil
    }
    func side(
      _ model: LoadedModel, _ decision: DecisionOutput, _ evaluated: Evaluated
    ) throws(Refusal) -> FidelityMeasure.Side {
      FidelityMeasure.Side(
        graph: try Preparation.executable(model), decision: decision, binding: evaluated.binding, data: evaluated.data,
        path: model.path)
    }
    let outcome = try FidelityMeasure.run(
      side(other, reference.decision, sources.reference), side(model, scored.model.decision, sources.own),
      samples: scored.used, threads: threads, math: math, showsPictures: false, observer: observer)
    for warning in outcome.warnings { try observer.warn(warning, isStrict: isStrict) }
    return outcome
  }
}

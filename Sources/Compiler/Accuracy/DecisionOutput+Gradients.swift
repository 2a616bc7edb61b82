import Answers
import IR
import Quantization
import Tensors

// Gradients are of what decides.

extension SensitivityMeasure {
  init(_ graph: Graph, _ decision: DecisionOutput) throws(Refusal) {
    try self.init(
      graph, output: decision.position, answer: decision.meaning.answerKind, batch: decision.rows.batch,
      math: MathLibrary.kernels.math())
  }
}

extension RoundingMeasure {
  init(_ graph: Graph, _ roundings: Roundings, _ decision: DecisionOutput) throws(Refusal) {
    try self.init(
      graph, roundings, output: decision.position, answer: decision.meaning.answerKind, batch: decision.rows.batch,
      math: MathLibrary.kernels.math())
  }
}

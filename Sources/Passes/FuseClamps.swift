import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Lets the operator that computes a value clamp it.
  ///
  ///     y = Conv(x, w, b); z = clip(y, lower, upper)   ->   z = Conv(x, w, b) activation=clip
  ///
  /// Before: ReLU, ReLU6 or Clip after Conv, ConvTranspose, Gemm, Binary or ScaleShift.
  /// Conditions: nothing else uses y, and the operator has no activation or one that clamps too.
  /// Formula: clip(l2, u2) after clip(l1, u1) is clip(clip2(l1), clip2(u1)). Exact.
  package static let fuseClamps = Pass("fuse-clamps", "let operators clamp their own results") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    try fuseActivations(&graph, &log) { $0.clampBounds != nil }
  }

  /// Lets the operator that computes a value apply the activation after it, whatever function that is.
  ///
  ///     y = Conv(x, w, b); z = silu(y)   ->   z = Conv(x, w, b) activation=silu
  ///
  /// Conditions: nothing else uses y, and the operator has no activation yet (or both only clamp).
  /// Formula: none, the same function is applied in the same precision. Only for graphs that are executed in float: the
  /// quantizer needs the value before the function.
  package static let fuseFunctions = Pass("fuse-functions", "let operators apply the activation after them") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    try fuseActivations(&graph, &log) { _ in true }
  }

  private static func fuseActivations(
    _ graph: inout Graph, _ log: inout PassLog, where isWanted: (UnaryFunction) -> Bool
  ) throws(Refusal) {
    for id in graph.nodeIDs {
      guard let node = graph[id], let unary = node.op as? Unary, isWanted(unary.function), let x = graph.input(node, 0),
        let producer = graph.producer(of: x), var carrier = producer.op as? any ActivationCarrying
      else { continue }
      guard graph.soleUser(of: x) != nil else {
        log.refused(node, "the value before it is used elsewhere")
        continue
      }
      let function =
        carrier.activation == .identity ? unary.function : carrier.activation.clamped(by: unary.function)
      guard let function else {
        log.refused(node, "\(producer.name) already applies \(carrier.activation.stored.name)")
        continue
      }
      carrier.activation = function
      try graph.rewrite(producer, as: carrier, inputs: producer.inputs, origins: node.origins)
      graph.bypass(node, with: x)
      log.applied(node, "\(unary.function.stored.name) in \(producer.name)")
    }
  }
}

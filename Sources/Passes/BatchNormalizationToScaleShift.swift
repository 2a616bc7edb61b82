import IR
import Operators
import Tensors

extension Pass {
  /// Reduces a batch normalisation that could not be folded to one multiplication and one addition.
  ///
  ///     y = BatchNormalization(x, scale, bias, mean, var)   ->   y = ScaleShift(x, s, t)
  ///
  /// Conditions: all parameters are finite constants.
  /// Formula: s = scale / sqrt(var + epsilon), t = bias - mean * s, in double precision, rounded once.
  package static let batchNormalizationToScaleShift = Pass(
    "batch-normalization-to-scale-shift", "reduce batch normalisations to one multiplication and one addition"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], node.op is BatchNormalization else { continue }
      guard let scaling = ChannelScaling(node, in: graph) else {
        log.refused(node, "its coefficients are not finite constants")
        continue
      }
      try graph.rewrite(
        node, as: ScaleShift(),
        inputs: [
          scaling.x, graph.addFloats(scaling.scale, name: "\(node.name)_scale"),
          graph.addFloats(scaling.shift, name: "\(node.name)_shift"),
        ])
      log.applied(node, "\(scaling.scale.count) channels")
    }
  }
}

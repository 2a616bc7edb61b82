import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Folds the addition of a constant into the bias of the layer before it.
  ///
  ///     y = Gemm(x, w, b); z = y + c   ->   z = Gemm(x, w, b + c)
  ///
  /// Before: add or sub of a constant after Conv, ConvTranspose or Gemm.
  /// Conditions: the constant varies along the output channels only, nothing else uses y, the layer has no activation.
  /// Formula: b + c (or b - c) in double precision, rounded once.
  package static let foldBias = Pass("fold-bias", "fold additions of constants into the layers before them") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let binary = node.op as? Binary, binary.function == .add || binary.function == .sub,
        let (y, constant, isLeft) = graph.constantOperand(of: node), binary.function == .add || !isLeft,
        let producer = graph.producer(of: y), let layer = LinearLayer(producer, in: graph),
        let numbers = graph.constant(constant, along: layer.channelAxis, of: graph.shape(y))
      else { continue }
      guard graph.soleUser(of: y) != nil else {
        log.refused(node, "the value before it is used elsewhere")
        continue
      }
      guard layer.activation == .identity else {
        log.refused(node, "\(producer.name) before it has an activation")
        continue
      }
      let isFolded = try layer.foldAfter(
        scale: nil, shift: binary.function == .add ? numbers : numbers.map { -$0 }, activation: binary.activation,
        in: &graph, origins: node.origins)
      guard isFolded else {
        log.refused(node, "the bias of \(producer.name) would not be finite")
        continue
      }
      graph.bypass(node, with: y)
      log.applied(node, "into the bias of \(producer.name)")
    }
  }
}

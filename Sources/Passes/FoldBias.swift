import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Folds the addition of a constant into the bias of the layer before it, and over tokens a multiplication into its
  /// weights too.
  ///
  ///     y = Gemm(x, w, b); z = y + c                   ->   z = Gemm(x, w, b + c)
  ///     y = Gemm(x [..., K], w, b); z = y * c          ->   z = Gemm(x, w * c[m], b * c)
  ///
  /// Before: add or sub of a constant after Conv, ConvTranspose or Gemm; mul or div where the output channels are not
  /// dimension 1, where they would be a ScaleShift.
  /// Conditions: the constant varies along the output channels only, nothing else uses y, the layer has no activation.
  /// Formula: b + c (or b - c), w * c (or w / c) in double precision, rounded once.
  package static let foldBias = Pass("fold-bias", "fold arithmetic with constants into the layers before it") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let binary = node.op as? Binary,
        let (y, constant, isLeft) = graph.constantOperand(of: node), let producer = graph.producer(of: y),
        let layer = LinearLayer(producer, in: graph),
        let numbers = graph.constant(constant, along: layer.channelAxis, of: graph.shape(y))
      else { continue }
      let zeros = [Double](repeating: 0, count: numbers.count)
      let scale: [Double]?
      let shift: [Double]
      switch binary.function {
      case .add: (scale, shift) = (nil, numbers)
      case .sub where !isLeft: (scale, shift) = (nil, numbers.map { -$0 })
      case .mul where layer.channelAxis != 1: (scale, shift) = (numbers, zeros)
      case .div where layer.channelAxis != 1 && !isLeft: (scale, shift) = (numbers.map { 1 / $0 }, zeros)
      default: continue
      }
      guard graph.soleUser(of: y) != nil else {
        log.refused(node, "the value before it is used elsewhere")
        continue
      }
      guard layer.activation == .identity else {
        log.refused(node, "\(producer.name) before it has an activation")
        continue
      }
      let isFolded = try layer.foldAfter(
        scale: scale, shift: shift, activation: binary.activation, in: &graph, origins: node.origins)
      let numbersOfLayer = "\(scale == nil ? "the bias" : "the numbers") of \(producer.name)"
      guard isFolded else {
        log.refused(node, "\(numbersOfLayer) would not be finite")
        continue
      }
      graph.bypass(node, with: y)
      log.applied(node, "into \(numbersOfLayer)")
    }
  }
}

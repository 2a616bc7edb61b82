import IR
import Math
import Operators

extension Pass {
  /// Finds squeeze-and-excite blocks, for the report: their values spread widely from image to image, which
  /// quantization has to know.
  ///
  ///     p = GlobalAveragePool(x); r = act(Conv(p)); g = sigmoid(Conv(r)); y = x * g
  ///
  /// Conditions: the layers are convolutions or Gemm (reshapes between them do not matter), the gate is a sigmoid or
  /// hard sigmoid. Changes nothing.
  package static let recogniseSqueezeExcite = Pass("recognise-squeeze-excite", "find squeeze-and-excite blocks") {
    (graph: inout Graph, log: inout PassLog) in
    for node in graph.nodesInOrder() {
      guard let binary = node.op as? Binary, binary.function == .mul, let a = graph.input(node, 0),
        let b = graph.input(node, 1)
      else { continue }
      guard let block = squeezeExcite(x: a, gate: b, graph) ?? squeezeExcite(x: b, gate: a, graph) else { continue }
      log.noEffect(node, "squeeze-and-excite of \(block.channels) channels through \(block.squeezed)")
    }
  }

  private static func squeezeExcite(
    x: ValueID, gate: ValueID, _ graph: Graph
  ) -> (channels: Int, squeezed: Int)? {
    var layers: [LinearLayer] = []
    var gates: [UnaryFunction] = []
    var current = gate
    // The longest block met has a reshape and an activation around each of its layers.
    for _ in 0..<10 {
      guard let node = graph.producer(of: current), let input = graph.input(node, 0) else { return nil }
      if let unary = node.op as? Unary {
        if layers.isEmpty { gates.append(unary.function) }
      } else if let layer = LinearLayer(node, in: graph) {
        if layers.isEmpty, layer.activation != .identity { gates.append(layer.activation) }
        layers.append(layer)
      } else if node.op is GlobalAveragePool {
        guard input == x, layers.count == 2, gates.count == 1, isGate(gates[0]) else { return nil }
        return (layers[0].outputs, layers[1].outputs)
      } else if !(node.op is Reshape) {
        return nil
      }
      current = input
    }
    return nil
  }

  private static func isGate(_ function: UnaryFunction) -> Bool {
    switch function {
    case .sigmoid, .hardSigmoid: true
    default: false
    }
  }
}

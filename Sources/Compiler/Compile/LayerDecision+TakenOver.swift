import IR
import Operators
import Passes
import Quantization
import Tensors

extension LayerDecision {
  /// What became of the nodes of a graph whose model quantizes itself; nothing for other graphs.
  static func takenOver(_ graph: Graph, _ takenOver: TakenOver?) -> [LayerDecision] {
    guard graph.isQuantized else { return [] }
    let meaning = takenOver?.meaning.nodesInOrder() ?? []
    let operators = Dictionary(meaning.map { ($0.name, $0.op.name) }, uniquingKeysWith: { first, _ in first })
    let refused = takenOver?.log.entries.filter { $0.pass == Pass.takeOverQuantization.name && $0.outcome == .refused }
    let reasons = Dictionary((refused ?? []).map { ($0.node, $0.detail) }, uniquingKeysWith: { first, _ in first })
    return graph.nodesInOrder().compactMap { node in
      guard !(node.op is any Quantizing || node.op is DequantizeLinear) else { return nil }
      let isInt8 = node.inputs.contains { $0.map { graph.type(of: $0).quantization != nil } ?? false }
      let isMove = (node.op as? any ElementMoving)?.movesElements ?? false
      return LayerDecision(
        node: node.name, op: operators[node.name] ?? node.op.name,
        precision: !isInt8 ? .float32 : isMove ? .passThrough : .int8,
        reason: isInt8 ? "" : reasons[node.name] ?? "the model does not quantize it")
    }
  }
}

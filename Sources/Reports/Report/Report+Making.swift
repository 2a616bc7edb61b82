package import IR
package import Passes
package import Quantization
import Tensors

extension Report.PassSummary {
  /// A line a pass for everything passes did.
  package static func all(_ log: PassLog) -> [Report.PassSummary] {
    log.summaries.map { summary in
      let notes = log.entries
        .filter { $0.pass == summary.pass && $0.outcome != .applied }
        .map { "\($0.node): \($0.detail)" }
      return Report.PassSummary(
        pass: summary.pass, applied: summary.applied, noEffect: summary.noEffect, refused: summary.refused,
        notes: notes)
    }
  }
}

extension LayerReport {
  /// The layers of a compiled graph, in the order they run.
  ///
  /// - Parameters:
  ///   - graph: the compiled graph
  ///   - decisions: the quantizer's decisions; empty where nothing was quantized
  ///   - signalToNoise: the levels of `LayerErrors`, by value name
  ///   - sections: of the graph's bundle; empty where there is none
  package static func all(
    _ graph: Graph, decisions: [LayerDecision], signalToNoise: [String: Double], sections: [Report.SectionSize] = []
  ) -> [LayerReport] {
    let stored = sections.isEmpty ? [:] : StoredBytes.all(graph, sections)
    let known = Dictionary(decisions.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
    return graph.nodesInOrder().map { node in
      let types = node.outputs.map { graph.type(of: $0) }
      let decision = known[node.name]
      let constants = node.inputs.compactMap { graph.constant($0) }
      var layer = LayerReport(
        name: node.name, op: decision?.op ?? node.op.name, output: types.first?.shape ?? [],
        macs: node.op.work(graph.operands(of: node), types).macs,
        precision: (decision?.precision ?? .float32).rawValue,
        bytes: constants.reduce(0) { $0 + $1.type.byteCount },
        outputSQNR: node.outputs.first.flatMap { signalToNoise[graph[$0].name] },
        reason: decision?.reason ?? "", raisedScales: decision?.raisedScales ?? 0)
      layer.stored = sections.isEmpty ? nil : stored[node.id] ?? StoredBytes()
      if isConversion(node) {
        layer.precision = LayerDecision.Precision.passThrough.rawValue
        layer.reason = ""
      }
      if layer.macs > 0, let weights = node.inputs.dropFirst().first.flatMap({ graph.constant($0) }) {
        layer.bits = 8 * weights.element.size
        layer.weights = weights.count
        layer.sparsity = sparsity(of: weights)
      }
      return layer
    }
  }

  private static func isConversion(_ node: Node) -> Bool {
    node.op.name == "QuantizeLinear" || node.op.name == "DequantizeLinear"
  }

  private static func sparsity(of weights: Tensor) -> Double? {
    guard weights.count > 0 else { return nil }
    let zeros: Int
    switch weights.element {
    case .int8: zeros = weights.elements(as: Int8.self).reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    case .float32: zeros = weights.elements(as: Float.self).reduce(0) { $0 + ($1 == 0 ? 1 : 0) }
    default: return nil
    }
    return Double(zeros) / Double(weights.count)
  }
}

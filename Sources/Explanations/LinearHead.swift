import IR
import Math
import Operators
import Tensors

/// A head that is a mean over all places, then one linear layer.
struct LinearHead: Sendable {
  /// Rows of the layer's weights, one for each logit.
  private let rows: [[Float]]

  /// Nil where the head is another.
  init?(_ graph: Graph, _ activation: LastActivation, to logits: ValueID) throws(Refusal) {
    var value = activation.value
    var isPooled = false
    var rows: [[Float]]?
    while value != logits {
      guard let node = graph.soleUser(of: value) else { return nil }
      switch node.op {
      case is QuantizeLinear, is DequantizeLinear, is Reshape, is Transpose:
        guard isPooled || node.op is QuantizeLinear || node.op is DequantizeLinear else { return nil }
      default:
        if !isPooled {
          guard LinearHead.isMean(node, graph, activation) else { return nil }
          isPooled = true
        } else {
          guard rows == nil, let weights = try LinearHead.weights(node, graph, activation.channels) else { return nil }
          rows = weights
        }
      }
      value = node.outputs[0]
    }
    guard let rows else { return nil }
    self.rows = rows
  }

  /// The weight of each channel in a weighted sum of logits.
  func weights(_ seed: [Float]) -> [Float] {
    guard let channels = rows.first?.count else { preconditionFailure("a linear layer has no rows") }
    var sums = [Float](repeating: 0, count: channels)
    for (row, factor) in zip(rows, seed) where factor != 0 {
      for (channel, weight) in row.enumerated() { sums[channel] += factor * weight }
    }
    return sums
  }

  private static func isMean(_ node: Node, _ graph: Graph, _ activation: LastActivation) -> Bool {
    let size = [activation.height, activation.width]
    func covers(_ window: Window) -> Bool { window.kernel == size && window.pads.allSatisfy { $0 == 0 } }
    switch node.op {
    case is GlobalAveragePool: return true
    case let pool as AveragePool: return covers(pool.window)
    case let pool as AveragePoolInt8: return pool.window.map(covers) ?? true
    case let reduction as Reduce:
      return reduction.function == .mean && graph.type(of: node.outputs[0]).count == activation.channels
        && graph.type(of: node.outputs[0]).shape.prefix(2) == [1, activation.channels]
    default: return false
    }
  }

  private static func weights(_ node: Node, _ graph: Graph, _ channels: Int) throws(Refusal) -> [[Float]]? {
    var op = node.op
    var constants = node.inputs.dropFirst().map { $0.flatMap { graph[$0].constant } }
    if let formed = op as? any FloatFormed {
      let form = try formed.floatForm(graph.operands(of: node))
      guard form.function == .identity else { return nil }
      (op, constants) = (form.op, form.constants)
    }
    guard let weights = constants.first ?? nil, let values = weights.floats() else { return nil }
    var isTransposed = false
    switch op {
    case let gemm as Gemm where gemm.activation == .identity: isTransposed = !gemm.transB
    case let conv as Conv where conv.activation == .identity && conv.group == 1 && conv.window.isSinglePosition: break
    default: return nil
    }
    let outputs = values.count / channels
    guard outputs > 0, outputs * channels == values.count else { return nil }
    return (0..<outputs).map { output in
      (0..<channels).map { values[isTransposed ? $0 * outputs + output : output * channels + $0] }
    }
  }
}

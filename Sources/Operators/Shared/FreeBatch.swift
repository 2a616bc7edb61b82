package import IR
import Tensors

/// Finds out whether a graph imported for one image holds for any number of them.
package enum FreeBatch {
  /// The graph with its batch marked as free, and with reshapes that follow the batch instead of naming it; nil unless
  /// its import for two images, `twice`, has the same structure.
  package static func adapted(_ graph: Graph, like twice: Graph) -> Graph? {
    let nodes = graph.nodesInOrder()
    let others = twice.nodesInOrder()
    guard nodes.count == others.count, graph.inputs.count == twice.inputs.count,
      graph.outputs.count == twice.outputs.count
    else { return nil }
    var counterparts = Dictionary(uniqueKeysWithValues: zip(graph.inputs, twice.inputs))
    var reshapes: [(node: Node, op: Reshape)] = []
    for (node, other) in zip(nodes, others) {
      guard node.inputs.count == other.inputs.count, node.outputs.count == other.outputs.count else { return nil }
      for (input, otherInput) in zip(node.inputs, other.inputs)
      where !areSame(input, graph, otherInput, twice, counterparts) { return nil }
      for (output, otherOutput) in zip(node.outputs, other.outputs) { counterparts[output] = otherOutput }
      if node.op.isEqual(to: other.op) { continue }
      guard let reshape = node.op as? Reshape, let otherReshape = other.op as? Reshape,
        let input = node.inputs.first.flatMap(\.self), let otherInput = other.inputs.first.flatMap(\.self),
        let op = follow(reshape, graph.type(of: input).shape, otherReshape, twice.type(of: otherInput).shape)
      else { return nil }
      reshapes.append((node, op))
    }
    for (output, other) in zip(graph.outputs, twice.outputs) {
      // A free batch is the first dimension of every output.
      guard counterparts[output] == other, let first = graph.type(of: output).shape.first, first == 1,
        twice.type(of: other).shape == [2] + graph.type(of: output).shape.dropFirst()
      else { return nil }
    }
    var adapted = graph
    for (node, op) in reshapes {
      do throws(Refusal) { try adapted.update(node.id, op: op, inputs: node.inputs) } catch { return nil }
    }
    adapted.hasFreeBatch = true
    return adapted
  }

  private static func areSame(
    _ input: ValueID?, _ graph: Graph, _ other: ValueID?, _ twice: Graph, _ counterparts: [ValueID: ValueID]
  ) -> Bool {
    guard let input, let other else { return input == nil && other == nil }
    guard let constant = graph.constant(input) else { return counterparts[input] == other }
    guard let otherConstant = twice.constant(other) else { return false }
    // Weights are the same memory; what was computed from the batch is small.
    return constant.buffer === otherConstant.buffer && constant.type == otherConstant.type
      || constant.isIdentical(to: otherConstant)
  }

  /// A target shape that gives `a` for the one input and `b` for the other: entries that differ copy the input's
  /// dimension, or are what remains.
  private static func follow(_ a: Reshape, _ inputA: [Int], _ b: Reshape, _ inputB: [Int]) -> Reshape? {
    guard a.shape.count == b.shape.count, a.allowZero == b.allowZero else { return nil }
    var shape = a.shape
    for index in shape.indices where a.shape[index] != b.shape[index] {
      if !a.allowZero, index < inputA.count, inputA[index] == a.shape[index], inputB[index] == b.shape[index] {
        shape[index] = 0
      } else if !shape.contains(-1) {
        shape[index] = -1
      } else {
        return nil
      }
    }
    return Reshape(shape: shape, allowZero: a.allowZero)
  }
}

import IR
import Operators
import Tensors

extension Pass {
  /// Computes once what depends on constants only.
  ///
  ///     c = Transpose(w: constant)   ->   c: constant
  ///
  /// Conditions: all inputs are constants (or the operator only looks at its input's shape), and the result is not much
  /// larger than they are, nor all results together than all constants: a bundle would carry them.
  /// Formula: the operator's own kernel, so the bits are those the runtime would compute.
  package static let foldConstants = Pass("fold-constants", "compute what depends on constants only") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    let all = graph.valueIDs.reduce(0) { $0 + (graph.constant($1)?.type.byteCount ?? 0) }
    var left = Limits.foldedBytes(from: all)
    for id in graph.nodeIDs {
      guard let node = graph[id] else { continue }
      if let shape = node.op as? Shape, let x = graph.input(node, 0), let output = node.outputs.first {
        // A shape is known although the value is not, unless its first dimension is free.
        guard !graph.hasFreeBatch || graph.constant(x) != nil else { continue }
        graph.setConstant(output, Tensor(shape.dimensions(of: graph.shape(x)).map(Int64.init)))
        log.applied(node, "\(graph.shape(x))")
        continue
      }
      guard let inputs = constantInputs(of: node, in: graph) else { continue }
      let size = node.outputs.reduce(0) { $0 + graph.type(of: $1).byteCount }
      let given = inputs.reduce(0) { $0 + ($1?.type.byteCount ?? 0) }
      guard size <= min(4 * given + foldingGrowth, left) else {
        log.refused(node, "its \(size) bytes of constants would be stored")
        continue
      }
      left -= size
      let results: [Tensor]
      do throws(Refusal) {
        results = try evaluateConstants(node.op, inputs: inputs)
      } catch {
        throw error.about("cannot be computed on constants").at(node)
      }
      guard zip(node.outputs, results).allSatisfy({ graph.type(of: $0) == $1.type }) else {
        log.refused(node, "its constants would have another type than its outputs")
        continue
      }
      for (output, result) in zip(node.outputs, results) {
        // The value keeps its name only if it is an output of the model; a constant of its own replaces it.
        if node.outputs.count == 1 {
          graph.setConstant(output, result)
        } else {
          graph.replaceUses(of: output, with: graph.addConstant(graph[output].name, result))
        }
      }
      if graph[id] != nil { graph.erase(id) }
      log.applied(node, "\(size) bytes")
    }
  }

  /// Bytes of a result beyond four times its constants' (int8 weights that become float32).
  private static let foldingGrowth = 1 << 20

  private static func constantInputs(of node: Node, in graph: Graph) -> [Tensor?]? {
    var tensors: [Tensor?] = []
    for input in node.inputs {
      if let input {
        guard let tensor = graph.constant(input) else { return nil }
        tensors.append(tensor)
      } else {
        tensors.append(nil)
      }
    }
    return tensors
  }
}

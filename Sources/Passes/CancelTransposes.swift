import IR
import Operators
import Tensors

extension Pass {
  /// Moves transposes down the graph until they meet their inverse, and removes both.
  ///
  ///     y = Transpose(x, p); z = Relu(y); r = Transpose(z, inverse of p)   ->   r = Relu(x)
  ///     y = Transpose(x, p) that only moves dimensions of one              ->   y = Reshape(x)
  ///
  /// A transpose moves through operators that say how (`TransposeTransparent`), if all they read is transposed alike or
  /// constant, and through other transposes.
  /// Formula: f(T(x)) = T(f'(x)), where f' names dimension p[i] wherever f names i.
  /// Conditions: the whole move leaves fewer transposes than before, else it is taken back. Exact.
  package static let cancelTransposes = Pass("cancel-transposes", "move transposes until they cancel") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    let order = graph.nodesInOrder()
    // Moves are tried one transpose after another; a graph made to take for ever is left as it is.
    var sinking = TransposeSinking(budget: max(60_000, 16 * order.reduce(0) { $0 + $1.inputs.count }))
    for id in order.map(\.id) {
      guard let node = graph[id], let transpose = node.op as? Transpose, let x = graph.input(node, 0) else { continue }
      if let reshape = TransposeSinking.reshape(transpose, of: graph.shape(x), freeBatch: graph.hasFreeBatch) {
        try graph.rewrite(node, as: reshape, inputs: [x])
        log.applied(node, "only moves dimensions of one: a reshape")
        continue
      }
      guard TransposeSinking.canMove(node, in: graph) else { continue }
      var saved = 0
      try graph.attempt { (graph) throws(Refusal) in
        saved = try sinking.sink(id, in: &graph)
        return saved > 0
      }
      guard saved > 0 else {
        log.refused(node, sinking.budget > 0 ? "moving it meets no inverse" : "too many operators to look at")
        continue
      }
      log.applied(node, "\(saved) transposes fewer")
    }
  }
}

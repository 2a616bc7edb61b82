import IR

extension Pass {
  /// Removes what no output depends on.
  ///
  ///     y = Relu(x); z = Exp(x); return y   ->   y = Relu(x); return y
  ///
  /// Conditions: none of a node's outputs is used or a graph output. Constants nobody reads go too. Exact.
  package static let eliminateDeadNodes = Pass("eliminate-dead-nodes", "remove what no output depends on") {
    (graph: inout Graph, log: inout PassLog) in
    for node in graph.nodesInOrder().reversed()
    where !node.outputs.contains(where: graph.isUsed) {
      graph.erase(node.id)
      log.applied(node, "its result is not used")
    }
    graph.removeUnusedConstants()
  }
}

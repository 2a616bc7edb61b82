import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Removes operators that change nothing, and merges those of a kind that follow each other.
  ///
  ///     y = f(x) with f the identity             ->   y = x
  ///     y = Reshape(x); z = Reshape(y)           ->   z = Reshape(x)
  ///     y = clip(x, l1, u1); z = clip(y, l2, u2) ->   z = clip(x, clip2(l1), clip2(u1))
  ///
  /// Identities: what operators say of themselves (`PossibleIdentity`): a Reshape to the shape there is, a Transpose in
  /// order, + 0 and others; and a clamp that cannot bite after the function before it.
  /// Conditions: the model's input and output names stay. Exact (but for the sign of zero in x + 0).
  package static let eliminateIdentities = Pass(
    "eliminate-identities", "remove operators that change nothing, merge reshapes and clamps"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id] else { continue }
      if try mergeReshapes(node, &graph, &log) { continue }
      if try mergeClamps(node, &graph, &log) { continue }
      guard let x = flowing(through: node, in: graph), let output = node.outputs.first else { continue }
      let activation = (node.op as? any ActivationCarrying)?.activation ?? .identity
      if activation != .identity {
        try graph.rewrite(node, as: Unary(activation), inputs: [x])
        log.applied(node, "only its activation remains")
      } else if graph.canReplace(output, with: x) {
        graph.bypass(node, with: x)
        log.applied(node, "changes nothing")
      } else {
        log.noEffect(node, "changes nothing, but names an output of the model")
      }
    }
  }

  /// The input a node's only output equals (before its activation), if it does.
  private static func flowing(through node: Node, in graph: Graph) -> ValueID? {
    guard node.outputs.count == 1 else { return nil }
    let type = graph.type(of: node.outputs[0])
    var position = (node.op as? any PossibleIdentity)?.unchangedInput(graph.operands(of: node), type)
    if position == nil, isLooseClamp(node, in: graph) { position = 0 }
    guard let position, let x = graph.input(node, position), graph.type(of: x) == type else { return nil }
    return x
  }

  /// Whether a node is a clamp that cannot bite after the function that made its input.
  private static func isLooseClamp(_ node: Node, in graph: Graph) -> Bool {
    guard let unary = node.op as? Unary, let bounds = unary.function.clampBounds, let x = graph.input(node, 0) else {
      return false
    }
    let producer = graph.producer(of: x)
    let made =
      (producer?.op as? Unary)?.function ?? (producer?.op as? any ActivationCarrying)?.activation ?? .identity
    return bounds.lower <= made.range.lower && bounds.upper >= made.range.upper
  }

  private static func mergeReshapes(
    _ node: Node, _ graph: inout Graph, _ log: inout PassLog
  ) throws(Refusal) -> Bool {
    guard let second = node.op as? Reshape, let y = graph.input(node, 0), let before = graph.producer(of: y),
      let first = before.op as? Reshape, let x = graph.input(before, 0),
      let merged = Reshape(first, then: second, from: graph.shape(x), freeBatch: graph.hasFreeBatch)
    else { return false }
    try graph.rewrite(node, as: merged, inputs: [x])
    log.applied(node, "reads what \(before.name) reads")
    return true
  }

  private static func mergeClamps(
    _ node: Node, _ graph: inout Graph, _ log: inout PassLog
  ) throws(Refusal) -> Bool {
    guard let second = node.op as? Unary, let y = graph.input(node, 0), let before = graph.producer(of: y),
      let first = before.op as? Unary, let x = graph.input(before, 0),
      first.function != .identity, second.function != .identity,
      let merged = first.function.clamped(by: second.function)
    else { return false }
    try graph.rewrite(node, as: Unary(merged), inputs: [x])
    log.applied(node, "clamps what \(before.name) clamps")
    return true
  }
}

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
  /// Identities: Reshape, Expand, Tile, Slice, Pad, Resize to the shape there is, Transpose in order, Concat of one,
  /// Split into one, Cast to the same type, Unary identity or a clamp that cannot bite, pooling of single positions,
  /// Reduce over dimensions of one, + 0, - 0, * 1, / 1 and powers of 1.
  /// Conditions: the model's input and output names stay. Exact (but for the sign of zero in x + 0).
  package static let eliminateIdentities = Pass(
    "eliminate-identities", "remove operators that change nothing, merge reshapes and clamps"
  ) { (graph: inout Graph, log: inout PassLog) throws(NodeError) in
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
    guard node.outputs.count == 1, let x = graph.input(node, 0) else { return nil }
    if let binary = node.op as? Binary { return neutralOperand(of: binary, node, graph) }
    let isSame = graph.type(of: node.outputs[0]) == graph.type(of: x)
    return isSame && isIdentity(node, x, graph) ? x : nil
  }

  /// Whether an operator whose output has its input's type is the identity.
  private static func isIdentity(_ node: Node, _ x: ValueID, _ graph: Graph) -> Bool {
    switch node.op {
    case is Reshape, is Expand, is Cast: return true
    case let tile as Tile: return tile.repeats.allSatisfy { $0 == 1 }
    case let slice as Slice: return slice.steps.allSatisfy { $0 > 0 }
    case let pad as Pad: return pad.pads.allSatisfy { $0 == 0 }
    case let transpose as Transpose: return transpose.order(rank: graph.type(of: x).rank).isOrdered
    case is Concat: return node.inputs.count == 1
    case is Split: return true
    case let shuffle as ChannelShuffle: return shuffle.groups == 1 || shuffle.groups == graph.shape(x)[1]
    case let unary as Unary: return unary.function == .identity || isLoose(unary.function, graph.producer(of: x))
    case let pool as MaxPool: return pool.window.isSinglePosition
    case let pool as AveragePool: return pool.window.isSinglePosition
    case let reduce as Reduce: return isReductionOfOne(reduce, graph.shape(x))
    default: return false
    }
  }

  /// Whether a clamp cannot bite after the function that made its input.
  private static func isLoose(_ function: UnaryFunction, _ producer: Node?) -> Bool {
    guard let bounds = function.clampBounds else { return false }
    let made =
      (producer?.op as? Unary)?.function ?? (producer?.op as? any ActivationCarrying)?.activation ?? .identity
    return bounds.lower <= made.range.lower && bounds.upper >= made.range.upper
  }

  private static func isReductionOfOne(_ reduce: Reduce, _ shape: [Int]) -> Bool {
    let keepsValue: Bool =
      switch reduce.function {
      case .mean, .sum, .max, .min, .prod: true
      default: false
      }
    return keepsValue && reduce.dimensions(rank: shape.count).allSatisfy { shape[$0] == 1 }
  }

  /// The operand a constant of zeros or ones leaves as it is.
  private static func neutralOperand(of binary: Binary, _ node: Node, _ graph: Graph) -> ValueID? {
    guard let (x, constant, isLeft) = graph.constantOperand(of: node), let tensor = graph.constant(constant),
      tensor.element == .float32, graph.shape(x) == graph.shape(node.outputs[0]), tensor.count > 0
    else { return nil }
    let neutral: Double
    switch binary.function {
    case .add: neutral = 0
    case .mul: neutral = 1
    case .sub where !isLeft: neutral = 0
    case .div where !isLeft, .pow where !isLeft: neutral = 1
    default: return nil
    }
    return tensor.doubles().allSatisfy { $0 == neutral } ? x : nil
  }

  private static func mergeReshapes(
    _ node: Node, _ graph: inout Graph, _ log: inout PassLog
  ) throws(NodeError) -> Bool {
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
  ) throws(NodeError) -> Bool {
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

extension Window {
  /// Whether every window is one position and every position has its window.
  fileprivate var isSinglePosition: Bool { kernel == [1, 1] && strides == [1, 1] && pads == [0, 0, 0, 0] }
}

extension Array where Element == Int {
  fileprivate var isOrdered: Bool { self == Array(indices) }
}

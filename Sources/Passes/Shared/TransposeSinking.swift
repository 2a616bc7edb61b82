import IR
import Operators
import Tensors

/// Moves one transpose, and those it becomes, below the operators that read them.
struct TransposeSinking {
  /// Nodes and inputs that may still be looked at.
  private(set) var budget: Int

  private var waiting: [NodeID] = []
  /// Transposes fewer than there were when the move began.
  private var saved = 0

  init(budget: Int) {
    self.budget = budget
  }

  /// The reshape a transpose comes to when it keeps the order of all dimensions larger than one; a free batch counts as
  /// larger.
  static func reshape(_ transpose: Transpose, of shape: [Int], freeBatch: Bool) -> Reshape? {
    let order = transpose.order(rank: shape.count)
    let moving = order.filter { shape[$0] != 1 || (freeBatch && $0 == 0) }
    guard moving == moving.sorted(), order != Array(order.indices) else { return nil }
    return Reshape.reaching({ input in order.map { input[$0] } }, from: shape, freeBatch: freeBatch)
  }

  /// Whether some reader of a transpose lets it through.
  static func canMove(_ node: Node, in graph: Graph) -> Bool {
    guard let transpose = node.op as? Transpose, let output = node.outputs.first else { return false }
    let order = transpose.order(rank: graph.shape(output).count)
    return graph[output].uses.contains { use in
      graph[use.node].map { $0.op is Transpose || passage(of: order, through: $0, in: graph) != nil } ?? false
    }
  }

  /// What comes of a transpose and a node that reads it; nil where the node does not let it through.
  private static func passage(of order: [Int], through node: Node, in graph: Graph) -> TransposePassage? {
    guard let op = node.op as? any TransposeTransparent, let output = node.outputs.first else { return nil }
    return op.passage(of: order, output: graph.type(of: output))
  }

  /// Moves a transpose as far down as it goes; returns how many transposes there are fewer then.
  mutating func sink(_ id: NodeID, in graph: inout Graph) throws(Refusal) -> Int {
    waiting = [id]
    saved = 0
    while let next = waiting.popLast() {
      guard let node = graph[next], let transpose = node.op as? Transpose, let x = graph.input(node, 0),
        let output = node.outputs.first
      else { continue }
      let order = transpose.order(rank: graph.shape(x).count)
      for user in graph[output].users {
        guard budget > 0, let user = graph[user] else { continue }
        budget -= 1
        if let second = user.op as? Transpose {
          try compose(order, second.order(rank: order.count), x, user, in: &graph)
        } else {
          try move(order, below: user, in: &graph)
        }
      }
      if !graph.isUsed(output) { erase(node, in: &graph) }
    }
    return saved
  }

  private mutating func erase(_ node: Node, in graph: inout Graph) {
    guard graph[node.id] != nil else { return }
    graph.erase(node.id)
    if node.op is Transpose { saved += 1 }
  }

  /// T_q(T_p(x)) = T_r(x) with r[i] = p[q[i]].
  private mutating func compose(
    _ first: [Int], _ second: [Int], _ x: ValueID, _ user: Node, in graph: inout Graph
  ) throws(Refusal) {
    let order = second.map { first[$0] }
    if order == Array(order.indices), let output = user.outputs.first, graph.canReplace(output, with: x) {
      graph.replaceUses(of: output, with: x)
      erase(user, in: &graph)
    } else {
      try graph.rewrite(user, as: Transpose(perm: order), inputs: [x])
      waiting.append(user.id)
    }
  }

  /// Lets a node read what was before the transpose, and transposes its outputs instead.
  private mutating func move(_ order: [Int], below user: Node, in graph: inout Graph) throws(Refusal) {
    guard let passage = TransposeSinking.passage(of: order, through: user, in: graph) else { return }
    var sources: [ValueID?] = []
    for case let input? in user.inputs {
      budget -= 1
      guard let source = try source(of: input, order, for: user, passage, in: &graph) else { return }
      sources.append(source)
    }
    let outputOrder = passage.outputOrder
    let outputs: [ValueID]
    do throws(Refusal) {
      outputs = try graph.add(passage.op, name: user.name, inputs: sources, origins: user.origins)
    } catch {
      throw error.about("cannot move above a transpose").at(user)
    }
    for (old, new) in zip(user.outputs, outputs) {
      if outputOrder == Array(outputOrder.indices) {
        graph.replaceUses(of: old, with: new)
      } else {
        let moved = try graph.insert(
          Transpose(perm: outputOrder), "\(user.name)_transpose", inputs: [new], for: user)
        saved -= 1
        graph.replaceUses(of: old, with: moved)
        if let producer = graph[moved].producer { waiting.append(producer) }
      }
    }
    erase(user, in: &graph)
    for case let input? in user.inputs {
      if let producer = graph.producer(of: input), !graph.isUsed(input) { erase(producer, in: &graph) }
    }
  }

  /// What an input of a node is a transpose of; nil when it is none. A value with one dimension larger than one, a gate
  /// of squeeze-excite, is one of any order.
  private func source(
    of input: ValueID, _ order: [Int], for user: Node, _ passage: TransposePassage, in graph: inout Graph
  ) throws(Refusal) -> ValueID? {
    if let producer = graph.producer(of: input), let transpose = producer.op as? Transpose {
      return transpose.order(rank: graph.shape(input).count) == order ? graph.input(producer, 0) : nil
    }
    guard passage.takesConstants, graph.shape(input).count <= order.count else { return nil }
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    guard let tensor = graph.constant(input) else {
      let shape = graph.shape(input)
      guard shape.count == order.count, shape.count(where: { $0 != 1 }) <= 1,
        let reshape = TransposeSinking.reshape(
          Transpose(perm: inverse), of: shape, freeBatch: graph.hasFreeBatch)
      else { return nil }
      return try graph.insert(reshape, "\(graph[input].name)_transposed", inputs: [input], for: user)
    }
    if tensor.count == 1 { return input }
    let padded = [Int](repeating: 1, count: order.count - tensor.type.rank) + tensor.shape
    do throws(Refusal) {
      guard let full = tensor.reshaped(padded) else { return nil }
      let moved = try evaluateConstants(Transpose(perm: inverse), inputs: [full])
      return moved.first.map { graph.addConstant("\(graph[input].name)_transposed", $0) }
    } catch {
      throw error.at(user)
    }
  }
}

package import Tensors

/// A typed index, so that a value's number is never taken for a node's.
package struct ID<Kind>: Hashable, Sendable, Comparable {
  package let index: Int32

  package init(_ index: Int) {
    self.index = Int32(truncatingIfNeeded: index)
  }

  package static func < (a: ID, b: ID) -> Bool { a.index < b.index }
}

package enum ValueKind {}
package enum NodeKind {}
package typealias ValueID = ID<ValueKind>
package typealias NodeID = ID<NodeKind>

/// A tensor that flows through a graph, or a constant in it.
package struct Value: Sendable {
  package fileprivate(set) var name: String
  package fileprivate(set) var type: TensorType
  package fileprivate(set) var constant: Tensor?
  package fileprivate(set) var producer: NodeID?
  /// The nodes that read the value, once for each use.
  package fileprivate(set) var users: [NodeID] = []
}

/// One application of an operator.
package struct Node: Sendable {
  package let id: NodeID
  package let name: String
  package let op: any Operator
  package let inputs: [ValueID?]
  package let outputs: [ValueID]
  /// Names of the nodes of the source model that this one computes.
  package let origins: [String]
}

/// A model: nodes over values in single assignment. All edits go through its methods, which keep producers and users right.
package struct Graph: Sendable {
  package var name: String
  package private(set) var inputs: [ValueID] = []
  package private(set) var outputs: [ValueID] = []
  /// Whether the first dimension of inputs and outputs is free; it is 1 in the types here.
  package var hasFreeBatch = false

  private var values: [Value] = []
  private var nodes: [Node?] = []
  private var valueNames: Set<String> = []

  package init(name: String) {
    self.name = name
  }

  // MARK: Reading

  package subscript(_ id: ValueID) -> Value { values[Int(id.index)] }
  /// The node, or nil when it was erased.
  package subscript(_ id: NodeID) -> Node? { nodes[Int(id.index)] }

  package var nodeCount: Int { nodes.reduce(0) { $0 + ($1 == nil ? 0 : 1) } }
  package var valueIDs: [ValueID] { values.indices.map { ValueID($0) } }

  package func type(of id: ValueID) -> TensorType { self[id].type }

  package func producer(of id: ValueID) -> Node? {
    self[id].producer.flatMap { self[$0] }
  }

  /// The operand an operator sees for a value.
  package func operand(_ id: ValueID?) -> Operand? {
    id.map { Operand(self[$0].type, constant: self[$0].constant) }
  }

  package func operands(of node: Node) -> [Operand?] { node.inputs.map { operand($0) } }

  package func constant(_ id: ValueID?) -> Tensor? { id.flatMap { self[$0].constant } }

  package func isOutput(_ id: ValueID) -> Bool { outputs.contains(id) }

  /// The only node that uses a value, when there is exactly one use and the value is not a graph output.
  package func soleUser(of id: ValueID) -> Node? {
    let users = self[id].users
    guard users.count == 1, !isOutput(id) else { return nil }
    return self[users[0]]
  }

  /// The nodes, each after those that produce its inputs, otherwise in the order they were added.
  package func nodesInOrder() -> [Node] {
    var order: [Node] = []
    order.reserveCapacity(nodes.count)
    var state = [UInt8](repeating: 0, count: nodes.count)  // 0 new, 1 entered, 2 placed
    for start in nodes.indices where nodes[start] != nil && state[start] == 0 {
      var stack = [start]
      while let top = stack.last {
        guard state[top] != 2, let node = nodes[top] else {
          stack.removeLast()
          continue
        }
        if state[top] == 0 {
          state[top] = 1
          for input in node.inputs.reversed() {
            guard let input, let producer = self[input].producer else { continue }
            if state[Int(producer.index)] == 0 { stack.append(Int(producer.index)) }
          }
        } else {
          state[top] = 2
          order.append(node)
          stack.removeLast()
        }
      }
    }
    return order
  }

  // MARK: Building

  /// Adds a graph input.
  @discardableResult
  package mutating func addInput(_ name: String, _ type: TensorType) -> ValueID {
    let id = addValue(name, type)
    inputs.append(id)
    return id
  }

  package mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
    let id = addValue(name, tensor.type)
    values[Int(id.index)].constant = tensor
    return id
  }

  package mutating func addOutput(_ id: ValueID) { outputs.append(id) }

  /// Adds a node; its outputs get the types the operator infers.
  ///
  /// - Parameter outputNames: names of the outputs; those left out are made from the node's name.
  @discardableResult
  package mutating func add(
    _ op: any Operator, name: String, inputs: [ValueID?], outputNames: [String] = [], origins: [String] = []
  ) throws(OperatorError) -> [ValueID] {
    let types = try op.inferTypes(inputs.map { operand($0) })
    let id = NodeID(nodes.count)
    var outputs: [ValueID] = []
    for (index, type) in types.enumerated() {
      let given = index < outputNames.count ? outputNames[index] : ""
      let output = addValue(given.isEmpty ? "\(name)_out\(index)" : given, type)
      values[Int(output.index)].producer = id
      outputs.append(output)
    }
    nodes.append(Node(id: id, name: name, op: op, inputs: inputs, outputs: outputs, origins: origins))
    for case let input? in inputs { values[Int(input.index)].users.append(id) }
    return outputs
  }

  private mutating func addValue(_ name: String, _ type: TensorType) -> ValueID {
    var unique = name
    var suffix = 1
    while !valueNames.insert(unique).inserted {
      suffix += 1
      unique = "\(name)_\(suffix)"
    }
    values.append(Value(name: unique, type: type))
    return ValueID(values.count - 1)
  }

  // MARK: Editing

  /// Makes every use of `old`, graph outputs included, a use of `new`. A graph output keeps its name: where `old` was
  /// one, the two values swap theirs, unless `new` is itself named from outside.
  package mutating func replaceUses(of old: ValueID, with new: ValueID) {
    let users = Set(self[old].users)
    for user in users.sorted() {
      guard let node = self[user] else { continue }
      rewire(node, inputs: node.inputs.map { $0 == old ? new : $0 })
    }
    if outputs.contains(old), !outputs.contains(new), !inputs.contains(new) {
      let name = values[Int(old.index)].name
      values[Int(old.index)].name = values[Int(new.index)].name
      values[Int(new.index)].name = name
    }
    outputs = outputs.map { $0 == old ? new : $0 }
  }

  /// Gives a node another operator and other inputs; its outputs keep their identity and get their types anew.
  package mutating func update(
    _ id: NodeID, op: any Operator, inputs: [ValueID?], origins: [String] = []
  ) throws(OperatorError) {
    guard let node = self[id] else { return }
    let types = try op.inferTypes(inputs.map { operand($0) })
    guard types.count == node.outputs.count else {
      throw OperatorError("\(op.name) has \(types.count) outputs where \(node.op.name) had \(node.outputs.count)")
    }
    rewire(node, inputs: inputs)
    nodes[Int(id.index)] = Node(
      id: id, name: node.name, op: op, inputs: inputs, outputs: node.outputs, origins: node.origins + origins)
    for (output, type) in zip(node.outputs, types) { values[Int(output.index)].type = type }
  }

  /// Removes a node whose outputs are not used.
  package mutating func erase(_ id: NodeID) {
    guard let node = self[id] else { return }
    for case let input? in node.inputs { removeUse(of: input, by: id) }
    for output in node.outputs { values[Int(output.index)].producer = nil }
    nodes[Int(id.index)] = nil
  }

  /// Makes a node's output a constant and removes the node when that was its only output.
  package mutating func setConstant(_ id: ValueID, _ tensor: Tensor) {
    values[Int(id.index)].constant = tensor
    values[Int(id.index)].type = tensor.type
    if let producer = producer(of: id), producer.outputs.count == 1 { erase(producer.id) }
  }

  /// Sets a value's type where an operator cannot infer it: the quantization of a graph input, say.
  package mutating func setType(_ id: ValueID, _ type: TensorType) {
    values[Int(id.index)].type = type
  }

  /// Makes another value the graph's input at a position.
  package mutating func replaceInput(_ index: Int, with id: ValueID) { inputs[index] = id }

  /// Infers all types anew from the inputs' types.
  package mutating func inferTypes() throws(NodeError) {
    for node in nodesInOrder() {
      let types: [TensorType]
      do throws(OperatorError) {
        types = try node.op.inferTypes(operands(of: node))
      } catch {
        throw NodeError(node, "\(error)")
      }
      for (output, type) in zip(node.outputs, types) { values[Int(output.index)].type = type }
    }
  }

  /// Removes nodes none of whose outputs reaches a graph output; returns how many.
  @discardableResult
  package mutating func removeDeadNodes() -> Int {
    var removed = 0
    for node in nodesInOrder().reversed()
    where node.outputs.allSatisfy({ self[$0].users.isEmpty && !isOutput($0) }) {
      erase(node.id)
      removed += 1
    }
    return removed
  }

  /// Lets go of constants that no node uses; their values stay, without elements.
  package mutating func removeUnusedConstants() {
    for index in values.indices
    where values[index].constant != nil && values[index].users.isEmpty && !outputs.contains(ValueID(index)) {
      values[index].constant = nil
    }
  }

  private mutating func rewire(_ node: Node, inputs: [ValueID?]) {
    for case let input? in node.inputs { removeUse(of: input, by: node.id) }
    for case let input? in inputs { values[Int(input.index)].users.append(node.id) }
    nodes[Int(node.id.index)] = Node(
      id: node.id, name: node.name, op: node.op, inputs: inputs, outputs: node.outputs, origins: node.origins)
  }

  private mutating func removeUse(of value: ValueID, by node: NodeID) {
    if let position = values[Int(value.index)].users.firstIndex(of: node) {
      values[Int(value.index)].users.remove(at: position)
    }
  }
}

/// An error at a node of a graph.
package struct NodeError: Error, CustomStringConvertible {
  package let node: String
  package let op: String
  package let reason: String

  package init(node: String, op: String, reason: String) {
    self.node = node
    self.op = op
    self.reason = reason
  }

  package init(_ node: Node, _ reason: String) {
    self.init(node: node.name, op: node.op.name, reason: reason)
  }

  package var description: String { "node \(node) (\(op)): \(reason)" }
}

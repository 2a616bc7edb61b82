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

/// One place where a value is read: an input of a node.
package struct Use: Sendable, Hashable {
  package let node: NodeID
  let position: Int32
}

/// A tensor that flows through a graph, or a constant in it.
package struct Value: Sendable {
  package fileprivate(set) var name: String
  package fileprivate(set) var type: TensorType
  package fileprivate(set) var constant: Tensor?
  package fileprivate(set) var producer: NodeID?
  /// Where nodes read the value, in no order that means anything.
  package fileprivate(set) var uses: [Use] = []
  /// Which outputs of the graph the value is.
  fileprivate var outputPositions: [Int] = []
  fileprivate var isInput = false

  /// The nodes that read the value, in order, each once.
  package var users: [NodeID] { Set(uses.map(\.node)).sorted() }
}

/// One application of an operator.
package struct Node: Sendable {
  package let id: NodeID
  package let name: String
  package fileprivate(set) var op: any Operator
  package fileprivate(set) var inputs: [ValueID?]
  package let outputs: [ValueID]
  /// Names of the nodes of the source model that this one computes.
  package fileprivate(set) var origins: [String]
  /// Where each input stands among the uses of its value.
  fileprivate var slots: [Int32] = []
  fileprivate var isErased = false
}

/// A model: nodes over values in single assignment. All edits go through its methods, which keep producers and uses
/// right.
///
/// An edit takes time for what it changes, however many nodes, outputs and other uses of a value there are: a value
/// knows its uses, and a node where each of its inputs stands among them.
package struct Graph: Sendable {
  package var name: String
  package private(set) var inputs: [ValueID] = []
  package private(set) var outputs: [ValueID] = []
  /// Whether the first dimension of inputs and outputs is free; it is 1 in the types here.
  package var hasFreeBatch = false

  private var values: [Value] = []
  private var nodes: [Node] = []
  /// How many nodes there are that were not erased.
  package private(set) var nodeCount = 0
  private var valueNames = UniqueNames()
  /// What an attempt has changed, as it was before; nil outside of attempts.
  private var pending: Attempt?

  package init(name: String) {
    self.name = name
  }

  // MARK: Reading

  package subscript(_ id: ValueID) -> Value { values[Int(id.index)] }
  /// The node, or nil when it was erased.
  package subscript(_ id: NodeID) -> Node? {
    let node = nodes[Int(id.index)]
    return node.isErased ? nil : node
  }

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

  package func isOutput(_ id: ValueID) -> Bool { !values[Int(id.index)].outputPositions.isEmpty }

  package func isInput(_ id: ValueID) -> Bool { values[Int(id.index)].isInput }

  /// Whether a node reads a value or it is a graph output.
  package func isUsed(_ id: ValueID) -> Bool { !values[Int(id.index)].uses.isEmpty || isOutput(id) }

  /// The only node that uses a value, when there is exactly one use and the value is not a graph output.
  package func soleUser(of id: ValueID) -> Node? {
    guard values[Int(id.index)].uses.count == 1, !isOutput(id) else { return nil }
    return self[values[Int(id.index)].uses[0].node]
  }

  /// Whether what a value knows of its use as an input of a node is what the node says.
  func isRecorded(_ node: Node, input position: Int) -> Bool {
    guard let input = node.inputs[position] else { return true }
    let uses = values[Int(input.index)].uses
    let slot = Int(node.slots[position])
    return uses.indices.contains(slot) && uses[slot] == Use(node: node.id, position: Int32(position))
  }

  /// The nodes, each after those that produce its inputs, otherwise in the order they were added.
  package func nodesInOrder() -> [Node] {
    var order: [Node] = []
    order.reserveCapacity(nodes.count)
    var state = [UInt8](repeating: 0, count: nodes.count)  // 0 new, 1 entered, 2 placed
    for start in nodes.indices where !nodes[start].isErased && state[start] == 0 {
      var stack = [start]
      while let top = stack.last {
        guard state[top] != 2, !nodes[top].isErased else {
          stack.removeLast()
          continue
        }
        if state[top] == 0 {
          state[top] = 1
          for input in nodes[top].inputs.reversed() {
            guard let input, let producer = values[Int(input.index)].producer else { continue }
            if state[Int(producer.index)] == 0 { stack.append(Int(producer.index)) }
          }
        } else {
          state[top] = 2
          order.append(nodes[top])
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
    change(id) { $0.isInput = true }
    inputs.append(id)
    return id
  }

  package mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
    let id = addValue(name, tensor.type)
    change(id) { $0.constant = tensor }
    return id
  }

  package mutating func addOutput(_ id: ValueID) {
    change(id) { [position = outputs.count] in $0.outputPositions.append(position) }
    outputs.append(id)
  }

  /// Adds a node; its outputs get the types the operator infers.
  ///
  /// - Parameter outputNames: names of the outputs; those left out are made from the node's name.
  @discardableResult
  package mutating func add(
    _ op: any Operator, name: String, inputs: [ValueID?], outputNames: [String] = [], origins: [String] = []
  ) throws(Refusal) -> [ValueID] {
    let types = try op.inferTypes(inputs.map { operand($0) })
    let id = NodeID(nodes.count)
    var outputs: [ValueID] = []
    for (index, type) in types.enumerated() {
      let given = index < outputNames.count ? outputNames[index] : ""
      let output = addValue(given.isEmpty ? "\(name)_out\(index)" : given, type)
      change(output) { $0.producer = id }
      outputs.append(output)
    }
    nodes.append(Node(id: id, name: name, op: op, inputs: [], outputs: outputs, origins: origins))
    nodeCount += 1
    setInputs(of: id, inputs)
    return outputs
  }

  private mutating func addValue(_ name: String, _ type: TensorType) -> ValueID {
    let unique = valueNames.unique(name)
    pending?.names.append((name, unique))
    values.append(Value(name: unique, type: type))
    return ValueID(values.count - 1)
  }

  /// Gives a value that is being built another name, or one made of it where that is taken.
  package mutating func rename(_ id: ValueID, to name: String) {
    let unique = valueNames.unique(name)
    pending?.names.append((name, unique))
    change(id) { $0.name = unique }
  }

  // MARK: Editing

  /// Makes every use of `old`, graph outputs included, a use of `new`. A graph output keeps its name: where `old` was
  /// one, the two values swap theirs, unless `new` is itself named from outside.
  package mutating func replaceUses(of old: ValueID, with new: ValueID) {
    guard old != new else { return }
    var uses: [Use] = []
    change(old) { swap(&$0.uses, &uses) }
    for (index, use) in uses.enumerated() {
      let slot = Int32(self[new].uses.count + index)
      change(use.node) {
        $0.inputs[Int(use.position)] = new
        $0.slots[Int(use.position)] = slot
      }
    }
    change(new) { $0.uses.append(contentsOf: uses) }
    guard isOutput(old) else { return }
    if !isOutput(new), !isInput(new) {
      let name = self[old].name
      change(old) { [other = self[new].name] in $0.name = other }
      change(new) { $0.name = name }
    }
    var positions: [Int] = []
    change(old) { swap(&$0.outputPositions, &positions) }
    for position in positions { outputs[position] = new }
    change(new) { $0.outputPositions.append(contentsOf: positions) }
  }

  /// Gives a node another operator and other inputs; its outputs keep their identity and get their types anew.
  package mutating func update(
    _ id: NodeID, op: any Operator, inputs: [ValueID?], origins: [String] = []
  ) throws(Refusal) {
    guard let node = self[id] else { preconditionFailure("a node that was removed becomes \(op.name)") }
    let types = try op.inferTypes(inputs.map { operand($0) })
    guard types.count == node.outputs.count else {
      throw Refusal("\(op.name) has \(types.count) outputs where \(node.op.name) had \(node.outputs.count)")
    }
    setInputs(of: id, inputs)
    change(id) {
      $0.op = op
      $0.origins += origins
    }
    for (output, type) in zip(node.outputs, types) { setType(output, type) }
  }

  /// Removes a node whose outputs are not used.
  package mutating func erase(_ id: NodeID) {
    guard !nodes[Int(id.index)].isErased else { return }
    setInputs(of: id, [])
    for output in nodes[Int(id.index)].outputs { change(output) { $0.producer = nil } }
    change(id) { $0.isErased = true }
    nodeCount -= 1
  }

  /// Makes a node's output a constant and removes the node when that was its only output.
  package mutating func setConstant(_ id: ValueID, _ tensor: Tensor) {
    change(id) {
      $0.constant = tensor
      $0.type = tensor.type
    }
    if let producer = producer(of: id), producer.outputs.count == 1 { erase(producer.id) }
  }

  /// Sets a value's type where an operator cannot infer it: the quantization of a graph input, say.
  package mutating func setType(_ id: ValueID, _ type: TensorType) { change(id) { $0.type = type } }

  /// Infers all types anew from the inputs' types.
  package mutating func inferTypes() throws(Refusal) {
    for node in nodesInOrder() {
      let types: [TensorType]
      do throws(Refusal) {
        types = try node.op.inferTypes(operands(of: node))
      } catch {
        throw error.at(node)
      }
      for (output, type) in zip(node.outputs, types) { setType(output, type) }
    }
  }

  /// Removes nodes none of whose outputs reaches a graph output; returns how many.
  @discardableResult
  package mutating func removeDeadNodes() -> Int {
    var removed = 0
    for node in nodesInOrder().reversed()
    where !node.outputs.contains(where: isUsed) {
      erase(node.id)
      removed += 1
    }
    return removed
  }

  /// Lets go of constants that no node uses; their values stay, without elements.
  package mutating func removeUnusedConstants() {
    for id in valueIDs where self[id].constant != nil && !isUsed(id) { change(id) { $0.constant = nil } }
  }

  // MARK: Changing one thing

  private mutating func setInputs(of id: NodeID, _ inputs: [ValueID?]) {
    for position in nodes[Int(id.index)].inputs.indices { removeUse(id, position) }
    var slots: [Int32] = []
    slots.reserveCapacity(inputs.count)
    for (position, input) in inputs.enumerated() {
      slots.append(input.map { Int32(self[$0].uses.count) } ?? -1)
      if let input { change(input) { $0.uses.append(Use(node: id, position: Int32(position))) } }
    }
    change(id) {
      $0.inputs = inputs
      $0.slots = slots
    }
  }

  /// The last use of the value moves to where the removed one stood.
  private mutating func removeUse(_ id: NodeID, _ position: Int) {
    guard let input = nodes[Int(id.index)].inputs[position] else { return }
    let slot = Int(nodes[Int(id.index)].slots[position])
    var moved: Use?
    change(input) {
      let last = $0.uses.removeLast()
      guard slot < $0.uses.count else { return }
      $0.uses[slot] = last
      moved = last
    }
    if let moved { change(moved.node) { $0.slots[Int(moved.position)] = Int32(slot) } }
  }

  private mutating func change(_ id: ValueID, _ body: (inout Value) -> Void) {
    pending?.keep(id, values[Int(id.index)])
    body(&values[Int(id.index)])
  }

  private mutating func change(_ id: NodeID, _ body: (inout Node) -> Void) {
    pending?.keep(id, nodes[Int(id.index)])
    body(&nodes[Int(id.index)])
  }

  // MARK: Attempts

  /// Makes changes that are kept where `body` says so, and taken back where it does not or fails. Attempts do not nest.
  ///
  /// Taking back costs what was changed, not what the graph has.
  package mutating func attempt<Failure: Error>(
    _ body: (inout Graph) throws(Failure) -> Bool
  ) throws(Failure) {
    pending = Attempt(
      values: values.count, nodes: nodes.count, nodesLeft: nodeCount, inputs: inputs, outputs: outputs)
    var isKept = false
    defer {
      if !isKept { takeBack() }
      pending = nil
    }
    isKept = try body(&self)
  }

  private mutating func takeBack() {
    guard let before = pending else { return }
    values.removeSubrange(before.valueCount...)
    nodes.removeSubrange(before.nodeCount...)
    for (index, value) in before.values { values[index] = value }
    for (index, node) in before.nodes { nodes[index] = node }
    nodeCount = before.nodesLeft
    inputs = before.inputs
    outputs = before.outputs
    for (name, unique) in before.names { valueNames.remove(unique, madeOf: name) }
  }

  /// What an attempt found: sizes, and the first state of everything it has changed.
  private struct Attempt {
    let valueCount: Int
    let nodeCount: Int
    let nodesLeft: Int
    let inputs: [ValueID]
    let outputs: [ValueID]
    var names: [(name: String, unique: String)] = []
    private(set) var values: [Int: Value] = [:]
    private(set) var nodes: [Int: Node] = [:]

    init(values: Int, nodes: Int, nodesLeft: Int, inputs: [ValueID], outputs: [ValueID]) {
      valueCount = values
      nodeCount = nodes
      self.nodesLeft = nodesLeft
      self.inputs = inputs
      self.outputs = outputs
    }

    mutating func keep(_ id: ValueID, _ value: Value) {
      let index = Int(id.index)
      if index < valueCount, values[index] == nil { values[index] = value }
    }

    mutating func keep(_ id: NodeID, _ node: Node) {
      let index = Int(id.index)
      if index < nodeCount, nodes[index] == nil { nodes[index] = node }
    }
  }
}

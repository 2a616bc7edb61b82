import IR
import Operators
import Tensors

// What passes share: looking at the neighbourhood of a node and rewriting it.
extension Graph {
  /// The nodes there are now, in order. A pass looks each up again before it uses it: it may have been rewritten since.
  var nodeIDs: [NodeID] { nodesInOrder().map(\.id) }

  /// The value of an input; nil where it is left out.
  func input(_ node: Node, _ index: Int) -> ValueID? { index < node.inputs.count ? node.inputs[index] : nil }

  func shape(_ value: ValueID) -> [Int] { type(of: value).shape }

  /// The number in a constant of one float element.
  func scalar(_ value: ValueID?) -> Double? {
    guard let tensor = constant(value), tensor.count == 1, tensor.element.isFloat else { return nil }
    return tensor.doubles().first
  }

  /// The float numbers of a constant that varies along one dimension of `shape` only, spread over that dimension; a
  /// single number is repeated.
  func constant(_ value: ValueID?, along axis: Int, of shape: [Int]) -> [Double]? {
    guard let tensor = constant(value), tensor.element == .float32, shape.indices.contains(axis),
      tensor.type.rank <= shape.count
    else { return nil }
    let extent = shape[axis]
    if tensor.count == 1 { return [Double](repeating: tensor.doubles()[0], count: extent) }
    let padded = [Int](repeating: 1, count: shape.count - tensor.type.rank) + tensor.shape
    guard padded[axis] == extent, tensor.count == extent else { return nil }
    return tensor.doubles()
  }

  /// The two ways to see a binary node with one constant operand: the other operand, the constant's value and whether
  /// the constant stands on the left.
  func constantOperand(of node: Node) -> (flowing: ValueID, constant: ValueID, isLeft: Bool)? {
    guard let a = input(node, 0), let b = input(node, 1) else { return nil }
    switch (constant(a), constant(b)) {
    case (nil, .some): return (a, b, false)
    case (.some, nil): return (b, a, true)
    default: return nil
    }
  }

  /// Adds a float32 constant, each number rounded once.
  mutating func addFloats(_ numbers: [Double], shape: [Int]? = nil, name: String) -> ValueID {
    addConstant(name, Tensor(numbers.map { Float($0) }, shape: shape))
  }

  /// Gives a node another operator and other inputs.
  mutating func rewrite(
    _ node: Node, as op: any Operator, inputs: [ValueID?], origins: [String] = []
  ) throws(Refusal) {
    do throws(Refusal) {
      try update(node.id, op: op, inputs: inputs, origins: origins)
    } catch {
      throw error.about("cannot become \(op.name)").at(node)
    }
  }

  /// Why an operator does not take these inputs; nil when it does.
  func objection(to op: any Operator, on inputs: [ValueID?]) -> Refusal? {
    do throws(Refusal) {
      _ = try op.inferTypes(inputs.map { operand($0) })
      return nil
    } catch {
      return error
    }
  }

  /// Adds a node of one output that computes a part of what another node did.
  mutating func insert(
    _ op: any Operator, _ name: String, inputs: [ValueID?], for node: Node
  ) throws(Refusal) -> ValueID {
    do throws(Refusal) {
      let outputs = try add(op, name: name, inputs: inputs, origins: node.origins)
      if let output = outputs.first { return output }
    } catch {
      throw error.about("cannot be computed by \(op.name)").at(node)
    }
    throw Refusal(node, "cannot be computed by \(op.name), which has no output")
  }

  /// Whether a node's output can be replaced by another value without changing the names the model shows.
  func canReplace(_ old: ValueID, with new: ValueID) -> Bool {
    !isOutput(old) || !(isOutput(new) || isInput(new) || constant(new) != nil)
  }

  /// Lets users read `value` instead of a node's output, and removes the node.
  mutating func bypass(_ node: Node, with value: ValueID) {
    guard let output = node.outputs.first else { return }
    replaceUses(of: output, with: value)
    erase(node.id)
  }
}

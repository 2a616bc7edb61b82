import IR
import Math
import Operators
import Tensors

/// What a network does behind one of its values, in float, and the gradient of a weighted sum of its logits there.
///
///     activation ──▶ head ──▶ logits          gradient at the activation ◀── products, backwards ◀── seed
///
/// Int8 operators are what they mean (`FloatFormed`); activations that layers carry are steps of their own.
struct FloatHead {
  /// Inputs: the activation, the values beside it, the seed. Output: the gradient.
  private(set) var graph: Graph
  /// Values of the source that the head reads beside the activation and that do not depend on it.
  private(set) var sides: [ValueID] = []
  private var values: [ValueID: ValueID] = [:]

  /// - Parameters:
  ///   - source: float, int8 or both
  ///   - activation: a value of it
  ///   - logits: a value computed from that
  /// - Throws: where a node behind the activation has no float form or no gradient
  init(_ source: Graph, from activation: ValueID, to logits: ValueID) throws(Refusal) {
    graph = Graph(name: "head")
    let nodes = FloatHead.nodes(source, from: activation, to: logits)
    let behind = Set(nodes.flatMap(\.outputs)).union([activation])
    addInput(source, activation)
    for node in nodes {
      for case let value? in node.inputs where !behind.contains(value) && source[value].constant == nil {
        guard values[value] == nil else { continue }
        addInput(source, value)
        sides.append(value)
      }
    }
    for node in nodes {
      do throws(Refusal) { try add(node, source) } catch { throw error.place == nil ? error.at(node) : error }
    }
    guard let result = values[logits], let start = values[activation] else {
      throw Refusal("the answer does not depend on \(source[activation].name)", remedy: FloatHead.remedy)
    }
    let seed = graph.addInput("seed", graph.type(of: result))
    try addGradient(at: start, of: result, seed: seed)
  }

  static let remedy = "use --method occlusion, which needs no gradient"

  /// The nodes between two values, in order.
  private static func nodes(_ graph: Graph, from start: ValueID, to end: ValueID) -> [Node] {
    let order = graph.nodesInOrder()
    var behind: Set<ValueID> = [start]
    for node in order where node.inputs.contains(where: { $0.map(behind.contains) == true }) {
      behind.formUnion(node.outputs)
    }
    var needed: Set<ValueID> = [end]
    var kept: [Node] = []
    for node in order.reversed()
    where node.outputs.contains(where: { needed.contains($0) && behind.contains($0) && $0 != start }) {
      needed.formUnion(node.inputs.compactMap(\.self))
      kept.append(node)
    }
    return kept.reversed()
  }

  // MARK: Forwards

  private mutating func addInput(_ source: Graph, _ value: ValueID) {
    let type = source.type(of: value)
    let element = type.quantization == nil ? type.element : .float32
    values[value] = graph.addInput(source[value].name, TensorType(element, type.shape))
  }

  private mutating func add(_ node: Node, _ source: Graph) throws(Refusal) {
    if node.op is QuantizeLinear || node.op is DequantizeLinear, let input = node.inputs.first ?? nil {
      values[node.outputs[0]] = values[input]
      return
    }
    if let formed = node.op as? any FloatFormed {
      let form = try formed.floatForm(source.operands(of: node))
      let inputs = try node.inputs.prefix(form.flowing).map { (value) throws(Refusal) in try input(value, source) }
      let constants = form.constants.map { graph.addConstant("constant", $0) }
      let result = try graph.add(form.op, name: node.name, inputs: inputs + constants)[0]
      values[node.outputs[0]] = try applied(form.function, result, node)
      return
    }
    let inputs = try node.inputs.map { (value) throws(Refusal) in try input(value, source) }
    if var carrying = node.op as? any ActivationCarrying, carrying.activation != .identity {
      let function = carrying.activation
      carrying.activation = .identity
      let result = try graph.add(carrying, name: node.name, inputs: inputs)[0]
      values[node.outputs[0]] = try applied(function, result, node)
      return
    }
    let results = try graph.add(node.op, name: node.name, inputs: inputs)
    for (output, result) in zip(node.outputs, results) {
      guard graph.type(of: result).quantization == nil else {
        throw Refusal(place: Refusal.Place(node), reason: "has no form in float", remedy: FloatHead.remedy)
      }
      values[output] = result
    }
  }

  private mutating func applied(
    _ function: UnaryFunction, _ value: ValueID, _ node: Node
  ) throws(Refusal) -> ValueID {
    function == .identity ? value : try graph.add(Unary(function), name: "\(node.name) activation", inputs: [value])[0]
  }

  private mutating func input(_ value: ValueID?, _ source: Graph) throws(Refusal) -> ValueID? {
    guard let value else { return nil }
    if let known = values[value] { return known }
    guard let constant = source[value].constant else {
      preconditionFailure("\(source[value].name) is read before it is computed: the graph was not verified")
    }
    let copy = graph.addConstant(source[value].name, try FloatHead.float(constant))
    values[value] = copy
    return copy
  }

  /// A constant that int8 operators share, as the numbers it means.
  private static func float(_ constant: Tensor) throws(Refusal) -> Tensor {
    guard let quantization = constant.type.quantization else { return constant }
    guard constant.element == .int8 else { throw Refusal("a constant \(constant.type) has no form in float") }
    let numbers = constant.elements(as: Int8.self).map { Float(quantization.real(Int($0))) }
    return Tensor(numbers, shape: constant.shape)
  }

  // MARK: Backwards

  private mutating func addGradient(at start: ValueID, of result: ValueID, seed: ValueID) throws(Refusal) {
    let order = graph.nodesInOrder()
    var wanted: Set<ValueID> = [start]
    for node in order where node.inputs.contains(where: { $0.map(wanted.contains) == true }) {
      wanted.formUnion(node.outputs.filter { graph.type(of: $0).element == .float32 })
    }
    var known = [result: seed]
    for node in order.reversed() {
      let gradients = node.outputs.map { known[$0] }
      guard gradients.contains(where: { $0 != nil }),
        node.inputs.contains(where: { $0.map(wanted.contains) == true })
      else { continue }
      var product = VectorJacobianProduct(graph, node, outputGradients: gradients, wanted: wanted)
      do throws(Refusal) {
        guard let products = try product.gradients(of: node.op) else { throw Refusal("has no gradient") }
        for (input, gradient) in zip(node.inputs, products) {
          guard let input, let gradient, wanted.contains(input) else { continue }
          let sum = try known[input].map { (other) throws(Refusal) in try product.plus(other, gradient) }
          known[input] = sum ?? gradient
        }
      } catch {
        throw Refusal(place: Refusal.Place(node), reason: error.reason, remedy: error.remedy ?? FloatHead.remedy)
      }
      graph = product.graph
    }
    guard let gradient = known[start] else {
      throw Refusal("the answer's gradient at \(graph[start].name) is zero everywhere", remedy: FloatHead.remedy)
    }
    // A plan gives no output that is one of its inputs.
    let isInput = graph.producer(of: gradient) == nil
    let output = isInput ? try graph.add(Unary(.identity), name: "gradient", inputs: [gradient])[0] : gradient
    graph.addOutput(output)
    graph.removeDeadNodes()
  }
}

import IR
import Math
import Tensors

/// The ONNX graph that is being written for an IR graph, as operators (`ONNXWritable`) see it.
struct Emission {
  let graph: Graph
  /// The lowest operator set that has all operators written.
  let opset: Int

  private var nodes = WireWriter()
  private var initializers = WireWriter()
  private var written: Set<ValueID> = []
  private var names = UniqueNames()
  private var nodeNames = UniqueNames()
  /// Names that stand for values instead of their own.
  private var standIns: [ValueID: String] = [:]
  /// Names of the real numbers that int8 values stand for, where they were written.
  var reals: [ValueID: String] = [:]
  /// Names of the scale and the zero point of each quantization.
  private var quantizationNames: [Quantization: [String]] = [:]

  private enum GraphField {
    static let node = 1, name = 2, initializer = 5, input = 11, output = 12
  }

  init(_ graph: Graph) {
    self.graph = graph
    opset = graph.nodesInOrder().compactMap { ($0.op as? any ONNXWritable)?.opset }.max() ?? ONNXWriter.baseOpset
    names = UniqueNames(graph.valueIDs.map { graph[$0].name })
  }

  /// Writes a node.
  mutating func write(_ node: Node) throws(Refusal) {
    guard let op = node.op as? any ONNXWritable else {
      throw Refusal("the operator has no ONNX form", remedy: "write a .derm file instead")
    }
    if op is any ElementMoving {
      try move(node, op)
    } else {
      try op.write(node, to: &self)
    }
  }

  // MARK: Names

  /// The name of a value; a constant is written when it is first asked for.
  mutating func name(_ id: ValueID?) -> String {
    guard let id else { return "" }
    if let standIn = standIns[id] { return standIn }
    if let constant = graph.constant(id), written.insert(id).inserted {
      addInitializer(graph[id].name, constant)
    }
    return graph[id].name
  }

  mutating func names(_ ids: [ValueID?]) -> [String] { ids.map { name($0) } }

  /// Writes what `body` writes with other names for some values.
  mutating func naming(
    _ names: [ValueID: String], _ body: (inout Emission) throws(Refusal) -> Void
  ) throws(Refusal) {
    let before = standIns
    standIns.merge(names) { $1 }
    defer { standIns = before }
    try body(&self)
  }

  /// Makes a name written before stand for a value from here on.
  mutating func stand(_ name: String, for value: ValueID) { standIns[value] = name }

  /// A new name for a value between the nodes that one operator becomes.
  mutating func temporary(_ node: Node, _ step: String) -> String {
    names.unique("\(node.name)/\(step)")
  }

  /// A new constant for a node: a list of integers, bounds, a shape.
  mutating func constant(_ node: Node, _ role: String, _ tensor: Tensor) -> String {
    let name = temporary(node, role)
    addInitializer(name, tensor)
    return name
  }

  mutating func constant(_ node: Node, _ role: String, ints: [Int]) -> String {
    constant(node, role, Tensor(ints.map(Int64.init)))
  }

  /// The names of a quantization's scale and zero point: equal ones are one constant, so that it shows that they are
  /// equal.
  mutating func constants(_ node: Node, _ quantization: Quantization) -> [String] {
    if let known = quantizationNames[quantization] { return known }
    let names = [
      constant(node, "scale", Tensor(scalar: quantization.scale)),
      constant(node, "zero_point", Tensor(scalar: Int8(clamping: quantization.zeroPoint))),
    ]
    quantizationNames[quantization] = names
    return names
  }

  private mutating func addInitializer(_ name: String, _ tensor: Tensor) {
    initializers.message(GraphField.initializer) { Emission.write(tensor, name, to: &$0) }
  }

  static func write(_ tensor: Tensor, _ name: String, to message: inout WireWriter) {
    for dimension in tensor.shape { message.integer(1, dimension) }
    message.integer(2, DataType.stored(tensor.element).rawValue)
    if !name.isEmpty { message.string(8, name) }
    message.buffer(9, tensor.buffer)
  }

  // MARK: Nodes

  /// Adds the one node that an operator is.
  mutating func add(_ opType: String, for node: Node, inputs: [String], _ attributes: [String: Attribute] = [:]) {
    add(opType, name: node.name, inputs: inputs, outputs: names(node.outputs), attributes)
  }

  mutating func add(
    _ opType: String, name: String, inputs: [String], outputs: [String], _ attributes: [String: Attribute] = [:]
  ) {
    // Passes may leave several nodes with one name, which ONNX Runtime refuses.
    let name = nodeNames.unique(name)
    nodes.message(GraphField.node) { node in
      // Inputs left out at the end are not named at all.
      for input in inputs[..<((inputs.lastIndex { !$0.isEmpty } ?? -1) + 1)] { node.string(1, input) }
      for output in outputs { node.string(2, output) }
      node.string(3, name)
      node.string(4, opType)
      for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
        node.message(5) { Emission.write(value, name, to: &$0) }
      }
    }
  }

  static func write(_ attribute: Attribute, _ name: String, to message: inout WireWriter) {
    message.string(1, name)
    let kind: Int
    switch attribute {
    case .float(let value):
      message.float(2, value)
      kind = 1
    case .int(let value):
      message.integer(3, value)
      kind = 2
    case .string(let value):
      message.string(4, value)
      kind = 3
    case .tensor(let value):
      message.message(5) { write(value, "", to: &$0) }
      kind = 4
    case .floats(let values):
      for value in values { message.float(7, value) }
      kind = 6
    case .ints(let values):
      for value in values { message.integer(8, value) }
      kind = 7
    case .strings(let values):
      for value in values { message.string(9, value) }
      kind = 8
    }
    message.integer(20, kind)
  }

  // MARK: The graph

  /// The GraphProto; call it after all nodes were added.
  mutating func graphMessage() -> WireWriter {
    // Every output has a name of its own that a node produces.
    var outputNames: [String] = []
    var shown: Set<String> = []
    for id in graph.outputs {
      let name = name(id)
      let isProduced = graph[id].producer != nil && graph.constant(id) == nil
      if isProduced && shown.insert(name).inserted {
        outputNames.append(name)
        continue
      }
      let copy = names.unique("\(name)_output")
      add("Identity", name: copy, inputs: [name], outputs: [copy])
      outputNames.append(copy)
    }
    var message = WireWriter()
    message.append(fieldsOf: nodes)
    message.string(GraphField.name, graph.name.isEmpty ? "graph" : graph.name)
    message.append(fieldsOf: initializers)
    for id in graph.inputs {
      message.message(GraphField.input) { write(graph.type(of: id), graph[id].name, to: &$0) }
    }
    for (id, name) in zip(graph.outputs, outputNames) {
      message.message(GraphField.output) { write(graph.type(of: id), name, to: &$0) }
    }
    return message
  }

  private func write(_ type: TensorType, _ name: String, to message: inout WireWriter) {
    message.string(1, name)
    message.message(2) { typeMessage in
      typeMessage.message(1) { tensor in
        tensor.integer(1, DataType.stored(type.element).rawValue)
        tensor.message(2) { shape in
          for (index, extent) in type.shape.enumerated() {
            shape.message(1) { dimension in
              if index == 0 && graph.hasFreeBatch {
                dimension.string(2, "N")
              } else {
                dimension.integer(1, extent)
              }
            }
          }
        }
      }
    }
  }
}

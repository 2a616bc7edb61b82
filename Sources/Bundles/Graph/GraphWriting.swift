import IR
import Tensors

extension GraphDocument {
  /// A graph as records; its constants go to `tensors`. Values that nothing uses are left out.
  ///
  /// Values are numbered as they are met: graph inputs, then for each node its new inputs and its outputs, then graph
  /// outputs. So the numbering depends on the graph alone, and reading and writing again gives the same bytes.
  init(_ bundle: Bundle, tensors: inout TensorCollector, path: String) throws(Refusal) {
    let graph = bundle.graph
    do throws(Refusal) {
      try Verifier.check(graph)
    } catch {
      throw .malformed(file: path, "the graph cannot be stored: \(error)")
    }
    var numbering = Numbering(graph: graph)
    kind = bundle.kind
    name = graph.name
    hasFreeBatch = graph.hasFreeBatch
    nodes = []
    inputs = graph.inputs.map { numbering.index(of: $0) }
    for node in graph.nodesInOrder() {
      var attributes: [String: StoredAttribute] = [:]
      for (name, attribute) in node.op.attributes { attributes[name] = .value(attribute) }
      nodes.append(
        NodeRecord(
          name: node.name, op: node.op.name, attributes: attributes,
          inputs: node.inputs.map { $0.map { numbering.index(of: $0) } },
          outputs: node.outputs.map { numbering.index(of: $0) }, origins: node.origins))
    }
    outputs = graph.outputs.map { numbering.index(of: $0) }
    values = []
    for id in numbering.values { values.append(try ValueRecord(graph[id], tensors: &tensors, path: path)) }
    for index in nodes.indices { try nodes[index].placeTensors(&tensors, path: path) }
    guard inputs.allSatisfy({ values[$0].constant == nil }) else {
      throw .malformed(file: path, "the graph cannot be stored: a graph input is a constant")
    }
    guard nodes.count <= BundleLimits.nodes, values.count <= BundleLimits.values else {
      throw .malformed(file: path, "the graph has \(nodes.count) nodes and \(values.count) values, too many to store")
    }
    let uses = nodes.reduce(0) { $0 + $1.inputs.count }
    guard inputs.count <= BundleLimits.ports, outputs.count <= BundleLimits.ports, uses <= BundleLimits.uses else {
      throw .malformed(
        file: path,
        "the graph has \(inputs.count) inputs, \(outputs.count) outputs and \(uses) inputs of nodes, too many to store")
    }
  }

  private struct Numbering {
    let graph: Graph
    private(set) var values: [ValueID] = []
    private var indices: [ValueID: Int] = [:]

    init(graph: Graph) {
      self.graph = graph
    }

    mutating func index(of id: ValueID) -> Int {
      if let index = indices[id] { return index }
      indices[id] = values.count
      values.append(id)
      return values.count - 1
    }
  }
}

extension GraphDocument.ValueRecord {
  fileprivate init(_ value: Value, tensors: inout TensorCollector, path: String) throws(Refusal) {
    name = value.name
    type = value.type
    guard type.element.isStored else {
      throw .unsupported(
        file: path,
        "value \(shortened(name)) is \(type), which bundles do not hold: export the model with int32 or int64")
    }
    guard let constant = value.constant else {
      self.constant = nil
      return
    }
    // The value's type counts: passes may have given it another quantization than the tensor's.
    guard let tensor = Tensor(value.type, constant.buffer), constant.element == value.type.element else {
      throw .malformed(file: path, "the graph cannot be stored: constant \(name) is \(constant.type), not \(type)")
    }
    self.constant = try tensors.add(tensor, to: .holding(type.element), path: path)
  }
}

extension GraphDocument.NodeRecord {
  /// Replaces tensor attributes by their places, in the order of the attributes' names.
  fileprivate mutating func placeTensors(_ tensors: inout TensorCollector, path: String) throws(Refusal) {
    var placed = attributes
    for (name, attribute) in attributes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      guard case .value(.tensor(let tensor)) = attribute else { continue }
      placed[name] = .tensor(try tensors.add(tensor, to: .holding(tensor.element), path: path))
    }
    self = GraphDocument.NodeRecord(
      name: self.name, op: op, attributes: placed, inputs: inputs, outputs: outputs, origins: origins)
  }
}

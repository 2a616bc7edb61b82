import IR
import Operators
import Tensors

extension GraphDocument {
  /// The graph the records describe. Operators are made anew and infer all types, which must be the stored ones.
  ///
  /// - Parameter tensor: the tensor at a place.
  func graph(path: String, tensor: (StoredTensor) throws(Refusal) -> Tensor) throws(Refusal) -> Graph {
    var graph = Graph(name: name)
    graph.hasFreeBatch = hasFreeBatch
    var ids = [ValueID?](repeating: nil, count: values.count)
    try checkNames(path)

    for index in inputs {
      guard ids[index] == nil, values[index].constant == nil else {
        throw malformed(path, "value \(shortened(values[index].name)) is a graph input twice, or also a constant")
      }
      ids[index] = graph.addInput(values[index].name, values[index].type)
    }
    for (index, value) in values.enumerated() {
      guard let constant = value.constant else { continue }
      ids[index] = graph.addConstant(value.name, try tensor(constant))
    }
    for node in nodes { try add(node, to: &graph, ids: &ids, path: path, tensor: tensor) }
    if let index = ids.firstIndex(of: nil) {
      throw malformed(path, "value \(shortened(values[index].name)) is no input, no constant and no node's output")
    }
    for case let id? in outputs.map({ ids[$0] }) { graph.addOutput(id) }
    do throws(Refusal) {
      try Verifier.check(graph)
    } catch {
      throw malformed(path, "\(error)")
    }
    return graph
  }

  private func add(
    _ node: NodeRecord, to graph: inout Graph, ids: inout [ValueID?], path: String,
    tensor: (StoredTensor) throws(Refusal) -> Tensor
  ) throws(Refusal) {
    let place = "node \(shortened(node.name)) (\(shortened(node.op)))"
    var inputs: [ValueID?] = []
    for input in node.inputs {
      if let input, ids[input] == nil {
        throw malformed(path, "\(place): input \(shortened(values[input].name)) is used before it is produced")
      }
      inputs.append(input.flatMap { ids[$0] })
    }
    for output in node.outputs where ids[output] != nil {
      throw malformed(path, "\(place): output \(shortened(values[output].name)) has another producer")
    }
    var attributes: [String: Attribute] = [:]
    for (name, attribute) in node.attributes {
      switch attribute {
      case .value(let value): attributes[name] = value
      case .tensor(let stored): attributes[name] = .tensor(try tensor(stored))
      }
    }
    let op: any Operator
    do throws(Refusal) {
      op = try OperatorSet.make(node.op, attributes)
    } catch {
      throw malformed(path, "\(place): \(error)")
    }
    let outputs: [ValueID]
    do throws(Refusal) {
      outputs = try graph.add(
        op, name: node.name, inputs: inputs, outputNames: node.outputs.map { values[$0].name }, origins: node.origins)
    } catch {
      throw malformed(path, "\(place): \(error)")
    }
    guard outputs.count == node.outputs.count else {
      throw malformed(path, "\(place): has \(node.outputs.count) outputs, its operator gives \(outputs.count)")
    }
    for (index, id) in zip(node.outputs, outputs) {
      guard ids[index] == nil, graph.type(of: id) == values[index].type else {
        throw malformed(
          path,
          "\(place): output \(shortened(values[index].name)) is stored as \(values[index].type), "
            + "its operator gives \(graph.type(of: id))")
      }
      ids[index] = id
    }
  }

  /// Names must be distinct, else the graph would change them.
  private func checkNames(_ path: String) throws(Refusal) {
    var names: Set<String> = []
    for value in values where !names.insert(value.name).inserted {
      throw malformed(path, "two values are called \(shortened(value.name))")
    }
    for output in nodes.lazy.flatMap(\.outputs) where values[output].name.isEmpty {
      throw malformed(path, "a node's output has no name")
    }
  }

  private func malformed(_ path: String, _ what: String) -> Refusal {
    .malformed(file: path, "section graph: \(what)")
  }
}

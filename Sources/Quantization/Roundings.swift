package import IR
import Math
import Operators
package import Tensors

/// What int8 rounds in a float graph, place by place.
package struct Roundings: Sendable {
  package enum Place: Sendable, Hashable {
    /// The weights and the bias of a layer.
    case weights(NodeID)
    case value(ValueID)
  }

  /// In the order of the network; a value where it is first rounded.
  package let places: [Place]
  /// The rounded numbers of a layer.
  private let layers: [NodeID: LayerWeights]
  private let quantizations: [ValueID: Quantization]
  private let graph: Graph

  /// - Parameters:
  ///   - graph: the float graph
  ///   - quantized: its int8 form
  ///   - values: what int8 rounds of it, and how
  package init(
    _ graph: Graph, _ quantized: QuantizedModel, values: [ValueID], _ quantizations: [ValueID: Quantization]
  ) throws(Refusal) {
    self.graph = graph
    self.quantizations = quantizations
    // Nodes keep their names and their order.
    var twins: [String: [Node]] = [:]
    for node in quantized.graph.nodesInOrder().reversed() where node.op is ConvInt8 || node.op is GemmInt8 {
      twins[node.name, default: []].append(node)
    }
    let order = graph.nodesInOrder()
    var layers: [NodeID: LayerWeights] = [:]
    for node in order where Int8Form.isWeighted(node, in: graph) {
      guard let layer = node.op as? any Int8ConvertibleLayer, let own = layer.weights(graph.operands(of: node)),
        let twin = twins[node.name]?.popLast()
      else { continue }
      layers[node.id] = try Roundings.rounded(own, as: quantized.graph.operands(of: twin))
    }
    self.layers = layers
    var places = values.filter { graph.producer(of: $0) == nil }.map { Place.value($0) }
    let rounded = Set(values)
    for node in order {
      if layers[node.id] != nil { places.append(.weights(node.id)) }
      places += node.outputs.filter(rounded.contains).map { .value($0) }
    }
    self.places = places
  }

  /// The numbers that an int8 layer computes with.
  private static func rounded(_ own: LayerWeights, as operands: [Operand?]) throws(Refusal) -> LayerWeights {
    let stored = try Int8Weights(operands)
    let integers = stored.weights.elements(as: Int8.self)
    let length = own.shape.dropFirst().reduce(1, *)
    guard integers.count == own.values.count, let input = operands.first.flatMap({ $0?.type.quantization }) else {
      throw Refusal("an int8 layer has \(integers.count) weights where its float form has \(own.values.count)")
    }
    let values = integers.indices.map { Float(integers[$0]) * stored.scales[$0 / length] }
    let bias = stored.bias.map { $0.elements(as: Int32.self) } ?? []
    return LayerWeights(
      shape: own.shape, values: values,
      bias: bias.indices.map { Float(Double(bias[$0]) * Double(input.scale) * Double(stored.scales[$0])) },
      groups: own.groups)
  }

  /// The float graph with these places rounded and all others as they are.
  package func graph(rounding places: Set<Place>) throws(Refusal) -> Graph {
    var result = graph
    for place in self.places where places.contains(place) {
      switch place {
      case .weights(let id):
        guard let node = result[id], let layer = node.op as? any Int8ConvertibleLayer, let weights = layers[id] else {
          preconditionFailure("a place was taken from another graph")
        }
        let form = layer.floatForm(weights)
        let constants = form.constants.map { result.addConstant("\(node.name) rounded", $0) }
        try result.update(id, op: form.op, inputs: [node.inputs[0]] + constants)
      case .value(let value):
        let rounded = try round(value, in: &result)
        let uses = result[value].users
        for id in uses {
          guard let node = result[id], !node.outputs.contains(where: { $0 == rounded.quantized }) else { continue }
          try result.update(id, op: node.op, inputs: node.inputs.map { $0 == value ? rounded.float : $0 })
        }
      }
    }
    return result
  }

  /// The value in int8, and in float again.
  private func round(
    _ value: ValueID, in graph: inout Graph
  ) throws(Refusal) -> (quantized: ValueID, float: ValueID) {
    guard let quantization = quantizations[value] else {
      throw Refusal("value \(graph[value].name) was not observed in calibration")
    }
    let name = "\(graph[value].name) rounded"
    let quantized = try graph.add(QuantizeLinear(quantization), name: name, inputs: [value])[0]
    return (quantized, try graph.add(DequantizeLinear(), name: name, inputs: [quantized])[0])
  }

  /// Adds the error that rounding a place makes there: of a layer before its activation.
  func addError(of place: Place, to graph: inout Graph) throws(Refusal) -> ValueID {
    switch place {
    case .value(let value):
      let rounded = try round(value, in: &graph).float
      return try graph.add(Binary(.sub), name: "error", inputs: [rounded, value])[0]
    case .weights(let id):
      guard let node = graph[id], let layer = node.op as? any Int8ConvertibleLayer, let rounded = layers[id],
        let own = layer.weights(graph.operands(of: node))
      else { preconditionFailure("a place was taken from another graph") }
      let none = [Float](repeating: 0, count: own.shape[0])
      let bias = zip(rounded.bias.isEmpty ? none : rounded.bias, own.bias.isEmpty ? none : own.bias)
      var form = layer.floatForm(
        LayerWeights(
          shape: own.shape, values: zip(rounded.values, own.values).map { $0 - $1 }, bias: bias.map { $0 - $1 },
          groups: own.groups))
      form.op.activation = .identity
      let constants = form.constants.map { graph.addConstant("error", $0) }
      return try graph.add(form.op, name: "error", inputs: [node.inputs[0]] + constants)[0]
    }
  }
}

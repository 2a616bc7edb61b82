package import CanonicalJSON
package import IR
package import Runtime
package import Tensors

/// What a model is made of: parameters, work, memory, layer by layer.
package struct ModelStatistics: Sendable, Equatable {
  /// One node.
  package struct Layer: Sendable, Equatable {
    package let name: String
    package let op: String
    package let output: TensorType
    package let parameters: Int
    package let work: Work
    /// Bytes of the constants the node reads.
    package let weightBytes: Int
  }

  /// An input or output.
  package struct End: Sendable, Equatable {
    package let name: String
    package let type: TensorType
  }

  package var layers: [Layer] = []
  package internal(set) var inputs: [End] = []
  package internal(set) var outputs: [End] = []
  package internal(set) var hasFreeBatch = false
  /// Learned numbers: weights, biases, scales and shifts of normalisations.
  package internal(set) var parameters = 0
  /// Means and variances of normalisations, which training estimates but does not learn.
  package internal(set) var runningStatistics = 0
  package internal(set) var work = Work()
  /// Bytes of constants by element type.
  package internal(set) var bytesByElement: [ElementType: Int] = [:]
  /// The largest sum of activation bytes alive at one step when nothing is fused but element-wise operators run in
  /// place.
  package internal(set) var peakActivationBytes = 0
  /// What running the model takes on this machine; nil where no plan was made.
  package var memory: PlanMemory?

  package var macs: Int { work.macs }
  /// Two operations, multiplication and addition, for each MAC.
  package var flops: Int { (work + work).macs }
  package var weightBytes: Int { bytesByElement.values.reduce(0, +) }

  package init(_ graph: Graph) {
    hasFreeBatch = graph.hasFreeBatch
    inputs = graph.inputs.map { End(name: graph[$0].name, type: graph.type(of: $0)) }
    outputs = graph.outputs.map { End(name: graph[$0].name, type: graph.type(of: $0)) }
    let order = graph.nodesInOrder()
    var counted: Set<ValueID> = []
    for node in order {
      var own = 0
      var bytes = 0
      for (index, input) in node.inputs.enumerated() {
        guard let input, let constant = graph[input].constant else { continue }
        let isNew = counted.insert(input).inserted
        bytes += constant.type.byteCount
        guard isNew else { continue }
        bytesByElement[constant.element, default: 0] += constant.type.byteCount
        switch (node.op as? any ParameterCarrying)?.role(ofConstant: index, constant.type) ?? .fixed {
        case .parameter:
          parameters += constant.count
          own += constant.count
        case .runningStatistic: runningStatistics += constant.count
        case .fixed: break
        }
      }
      let types = node.outputs.map { graph.type(of: $0) }
      let cost = node.op.work(graph.operands(of: node), types)
      work = work + cost
      layers.append(
        Layer(name: node.name, op: node.op.name, output: types[0], parameters: own, work: cost, weightBytes: bytes))
    }
    peakActivationBytes = Liveness.peakBytes(graph, order: order)
  }

  /// The statistics as `dermc stats --json` prints them and reports contain them.
  package func json(perLayer: Bool) -> JSON {
    var bytes: JSONObject = ["total": .int(weightBytes)]
    for (element, count) in bytesByElement.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      bytes[element.rawValue] = .int(count)
    }
    var object: JSONObject = [
      "parameters": .int(parameters),
      "running_statistics": .int(runningStatistics),
      "macs": .int(macs),
      "flops": .int(flops),
      "element_operations": .int(work.elementOperations),
      "bytes": .object(bytes),
      "peak_activation_bytes": .int(peakActivationBytes),
      "inputs": .array(inputs.map(json)),
      "outputs": .array(outputs.map(json)),
    ]
    if let memory { object.add(memory.members) }
    if perLayer {
      object["layers"] = .array(
        layers.map { layer in
          .object([
            "name": .string(layer.name), "op": .string(layer.op), "output": .ints(layer.output.shape),
            "type": .string(layer.output.element.rawValue), "parameters": .int(layer.parameters),
            "macs": .int(layer.work.macs), "element_operations": .int(layer.work.elementOperations),
            "bytes": .int(layer.weightBytes),
          ])
        })
    }
    return .object(object)
  }

  private func json(_ end: End) -> JSON {
    .object([
      "name": .string(end.name), "type": .string(end.type.element.rawValue), "shape": .ints(end.type.shape),
      "free_batch": .bool(hasFreeBatch),
    ])
  }

  /// Reads what reports contain: all but the layers.
  init(_ node: JSONNode) throws(JSONError) {
    parameters = try node.count("parameters")
    runningStatistics = try node.count("running_statistics")
    work = Work(
      macs: try node.optional("macs")?.int(in: 0...Int.max) ?? 0,
      elementOperations: try node.optional("element_operations")?.int(in: 0...Int.max) ?? 0)
    if let bytes = try node.optional("bytes") {
      for element in ElementType.allCases {
        bytesByElement[element] = try bytes.optional(element.rawValue)?.int(in: JSONNode.counts)
      }
    }
    peakActivationBytes = try node.count("peak_activation_bytes")
    for input in try node.elements(of: "inputs") { inputs.append(try end(input)) }
    for output in try node.elements(of: "outputs") { outputs.append(try end(output)) }
    if try node.optional("memory_bytes") != nil { memory = try PlanMemory(node) }
  }

  private mutating func end(_ node: JSONNode) throws(JSONError) -> End {
    hasFreeBatch = try node.optional("free_batch")?.bool() ?? false
    let element: ElementType = try node["type"].choice()
    return End(name: try node["name"].string(), type: TensorType(element, try node["shape"].ints()))
  }
}

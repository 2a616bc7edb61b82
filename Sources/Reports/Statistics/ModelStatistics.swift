package import CanonicalJSON
package import IR
package import Tensors

/// What a model is made of: parameters, work, memory, layer by layer.
package struct ModelStatistics: Sendable {
  /// One node.
  package struct Layer: Sendable {
    package let name: String
    package let op: String
    package let output: TensorType
    package let parameters: Int
    package let work: Work
    /// Bytes of the constants the node reads.
    package let weightBytes: Int
  }

  package private(set) var layers: [Layer] = []
  package private(set) var inputs: [(name: String, type: TensorType)] = []
  package private(set) var outputs: [(name: String, type: TensorType)] = []
  package private(set) var hasFreeBatch = false
  /// Learned numbers: weights, biases, scales and shifts of normalisations.
  package private(set) var parameters = 0
  /// Means and variances of normalisations, which training estimates but does not learn.
  package private(set) var runningStatistics = 0
  package private(set) var work = Work()
  /// Bytes of constants by element type.
  package private(set) var bytesByElement: [ElementType: Int] = [:]
  /// The largest sum of activation bytes alive at one step when nothing is fused but element-wise operators run in
  /// place.
  package private(set) var peakActivationBytes = 0

  package var macs: Int { work.macs }
  /// Two operations, multiplication and addition, for each MAC.
  package var flops: Int { (work + work).macs }
  package var weightBytes: Int { bytesByElement.values.reduce(0, +) }

  package init(_ graph: Graph) {
    hasFreeBatch = graph.hasFreeBatch
    inputs = graph.inputs.map { (graph[$0].name, graph.type(of: $0)) }
    outputs = graph.outputs.map { (graph[$0].name, graph.type(of: $0)) }
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
      "inputs": .array(inputs.map { tensorJSON($0.name, $0.type) }),
      "outputs": .array(outputs.map { tensorJSON($0.name, $0.type) }),
    ]
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

  private func tensorJSON(_ name: String, _ type: TensorType) -> JSON {
    .object([
      "name": .string(name), "type": .string(type.element.rawValue), "shape": .ints(type.shape),
      "free_batch": .bool(hasFreeBatch),
    ])
  }
}

import IR
import Math
import Operators
import Tensors

/// Builds the int8 graph node by node beside the float one.
///
/// Every value of the source has a float version, an int8 version or both in the new graph; the missing one is made by
/// a conversion when it is first asked for.
struct Int8Rewriter {
  private(set) var graph: Graph
  private(set) var decisions: [LayerDecision] = []
  private(set) var layers: [NodeID: NodeID] = [:]

  private let source: Graph
  private let domains: Domains
  private let quantizations: [ValueID: Quantization]
  private let observations: [ValueID: Observation]
  private let rounding: [NodeID: WeightRounding]
  private let options: Quantizer.Options
  private let threads: Int
  private var floats: [ValueID: ValueID] = [:]
  private var integers: [ValueID: ValueID] = [:]
  private var fused: Set<NodeID> = []

  init(
    _ source: Graph, domains: Domains, quantizations: [ValueID: Quantization],
    observations: [ValueID: Observation], rounding: [NodeID: WeightRounding], options: Quantizer.Options, threads: Int
  ) {
    self.source = source
    self.domains = domains
    self.quantizations = quantizations
    self.observations = observations
    self.rounding = rounding
    self.options = options
    self.threads = threads
    graph = Graph(name: source.name)
    graph.hasFreeBatch = source.hasFreeBatch
  }

  mutating func run(_ order: [Node]) throws(Refusal) {
    for input in source.inputs { floats[input] = graph.addInput(source[input].name, source.type(of: input)) }
    for node in order where !fused.contains(node.id) {
      do throws(Refusal) {
        try rewrite(node)
      } catch {
        throw error.at(node)
      }
    }
    for output in source.outputs {
      do throws(Refusal) {
        graph.addOutput(try float(output))
      } catch {
        throw error.at(Refusal.Place(node: source[output].name, op: "output"))
      }
    }
    graph.removeDeadNodes()
  }

  private mutating func rewrite(_ node: Node) throws(Refusal) {
    guard !options.keptFloat.contains(node.id) else {
      return try keepFloat(node, reason: "kept in float, as asked for")
    }
    guard !options.keptForAnswers.contains(node.id) else {
      return try keepFloat(node, reason: "kept in float for the answers' sake")
    }
    guard domains.isInt8(node) else {
      let reason = Int8Form.refusal(node, in: source) ?? "nothing around it is int8"
      return try keepFloat(node, reason: Int8Form.passesThrough(node) ? "nothing around it is int8" : reason)
    }
    switch node.op {
    case let layer as any Int8ConvertibleLayer: try addLayer(node, layer)
    case let product as any Int8ConvertibleProduct: try addProduct(node, product)
    case let operation as any Int8ConvertibleOperation:
      let order = operation.int8Order(source.operands(of: node))
      try add(
        node, operation.int8Form(output: try quantization(of: node.outputs[0])), inputs: order.map { node.inputs[$0] })
    default: try add(node, node.op, inputs: node.inputs, precision: .passThrough)
    }
  }

  // MARK: Layers with weights

  private mutating func addLayer(_ node: Node, _ layer: any Int8ConvertibleLayer) throws(Refusal) {
    guard let inputID = node.inputs[0], let weightsID = node.inputs[1],
      let weights = layer.weights(source.operands(of: node))
    else { return try keepFloat(node, reason: "weights are not constant float32") }
    let x = try int8(inputID)
    let input = try quantizationOfInt8(x)
    let channels = weights.shape[0]
    let rounding = self.rounding[node.id] ?? .nearest
    let quantized = WeightQuantization(
      weights.values, bias: weights.bias, channels: channels, inputScale: input.scale, rounding: rounding,
      threads: threads, inputMeans: means(inputID, layer, weights, rounding))
    let largest = Int8Weights.largestAccumulator(
      weights: quantized.weights, bias: quantized.bias, channels: channels, inputZeroPoint: input.zeroPoint)
    guard largest <= Int(Int32.max) else {
      return try keepFloat(node, reason: "its sums could leave int32 (up to \(largest))")
    }

    let (output, result) = try outputStage(node, clamp: layer.activation)
    let name = source[weightsID].name
    var inputs: [ValueID?] = [
      x, graph.addConstant(name, Tensor(quantized.weights, shape: weights.shape)),
      graph.addConstant("\(name)_scale", Tensor(quantized.scales)),
    ]
    if !quantized.bias.isEmpty {
      let biasName = node.inputs.count > 2 ? node.inputs[2].map { source[$0].name } : nil
      inputs.append(graph.addConstant(biasName ?? "\(name)_bias", Tensor(quantized.bias)))
    }
    var origins = node.origins
    if result != node.outputs[0], let function = source.producer(of: result) {
      fused.insert(function.id)
      origins += function.origins
      decisions.append(LayerDecision(node: function.name, op: function.op.name, precision: .int8))
    }
    // Float output is the bare accumulator: a clamp becomes an operator of its own again.
    let isClampedFloat = output == nil && layer.activation != .identity
    let outputName = source[result].name + (isClampedFloat ? "_unclamped" : "")
    var outputs = try graph.add(
      layer.int8Form(weights, output: output), name: node.name, inputs: inputs, outputNames: [outputName],
      origins: origins)
    if let made = graph.producer(of: outputs[0]) { layers[node.id] = made.id }
    if isClampedFloat {
      outputs = try graph.add(
        Unary(layer.activation), name: "\(node.name)_clamp", inputs: [outputs[0]], outputNames: [source[result].name])
    }
    if output == nil { floats[result] = outputs[0] } else { integers[result] = outputs[0] }
    decisions.append(
      LayerDecision(node: node.name, op: node.op.name, precision: .int8, raisedScales: quantized.raisedScales))
  }

  /// The output stage of a layer, and the value of the source graph it gives: its own, or that of a function fused into
  /// it.
  private func outputStage(
    _ node: Node, clamp: UnaryFunction
  ) throws(Refusal) -> (Int8Output?, ValueID) {
    let own = node.outputs[0]
    guard domains.isInt8(own) else { return (nil, own) }
    if clamp == .identity, let user = source.soleUser(of: own), let unary = user.op as? Unary,
      domains.isInt8(user.outputs[0])
    {
      let result = user.outputs[0]
      let stage = Int8Output(
        try quantization(of: result), function: unary.function, of: try quantization(of: own))
      return (stage, result)
    }
    let bounds = clamp.clampBounds ?? (-.infinity, .infinity)
    return (Int8Output(try quantization(of: own), clamp: bounds), own)
  }

  /// For a channel, the mean input each weight meets; empty where bias correction is off or nothing was observed.
  private func means(
    _ input: ValueID, _ layer: any Int8ConvertibleLayer, _ weights: LayerWeights, _ rounding: WeightRounding
  ) -> (Int) -> [Double] {
    if options.correctsBias, let means = rounding.inputMeans, weights.groups > 0 {
      let (length, outputsPerGroup) = (means.count / weights.groups, max(1, weights.shape[0] / weights.groups))
      return { channel in
        let group = channel / outputsPerGroup
        return Array(means[group * length..<(group + 1) * length])
      }
    }
    guard options.correctsBias, let means = observations[input]?.channelMeans,
      Int8Form.channelAxis(of: input, in: source) == layer.channelAxis(rank: source.type(of: input).rank)
    else { return { _ in [] } }
    let shape = weights.shape
    let perGroup = shape[1]
    guard means.count == perGroup * weights.groups, weights.groups > 0 else { return { _ in [] } }
    let positions = shape[2...].reduce(1, *)
    let outputsPerGroup = max(1, shape[0] / weights.groups)
    // One row for all the outputs of a group.
    let rows = stride(from: 0, to: means.count, by: perGroup).map { first in
      (0..<perGroup * positions).map { means[first + $0 / positions] }
    }
    return { channel in rows[channel / outputsPerGroup] }
  }

  // MARK: Other operators

  /// Adds the int8 form of a product over the int8 versions of its inputs.
  private mutating func addProduct(_ node: Node, _ product: any Int8ConvertibleProduct) throws(Refusal) {
    let result = node.outputs[0]
    let output: Int8Output? = domains.isInt8(result) ? Int8Output(try quantization(of: result)) : nil
    var inputs: [ValueID?] = []
    for case let input? in node.inputs { inputs.append(try int8(input)) }
    let outputs = try graph.add(
      product.int8Form(output: output), name: node.name, inputs: inputs, outputNames: [source[result].name],
      origins: node.origins)
    if output == nil { floats[result] = outputs[0] } else { integers[result] = outputs[0] }
    decisions.append(LayerDecision(node: node.name, op: node.op.name, precision: .int8))
  }

  /// Adds the int8 form of a node over the int8 versions of its inputs.
  private mutating func add(
    _ node: Node, _ op: any Operator, inputs: [ValueID?], precision: LayerDecision.Precision = .int8
  ) throws(Refusal) {
    var arguments: [ValueID?] = []
    for input in inputs {
      guard let input else {
        arguments.append(nil)
        continue
      }
      arguments.append(source[input].constant == nil ? try int8(input) : try float(input))
    }
    let names = node.outputs.map { source[$0].name }
    let outputs = try graph.add(op, name: node.name, inputs: arguments, outputNames: names, origins: node.origins)
    for (value, output) in zip(node.outputs, outputs) { integers[value] = output }
    decisions.append(LayerDecision(node: node.name, op: node.op.name, precision: precision))
  }

  private mutating func keepFloat(_ node: Node, reason: String) throws(Refusal) {
    var arguments: [ValueID?] = []
    for input in node.inputs { arguments.append(try input.map { id throws(Refusal) in try float(id) }) }
    let names = node.outputs.map { source[$0].name }
    let outputs = try graph.add(node.op, name: node.name, inputs: arguments, outputNames: names, origins: node.origins)
    for (value, output) in zip(node.outputs, outputs) { floats[value] = output }
    decisions.append(LayerDecision(node: node.name, op: node.op.name, precision: .float32, reason: reason))
  }

  // MARK: Values

  private func quantization(of value: ValueID) throws(Refusal) -> Quantization {
    guard let quantization = quantizations[value] else {
      throw Refusal("value \(source[value].name) was not observed in calibration")
    }
    return quantization
  }

  private func quantizationOfInt8(_ value: ValueID) throws(Refusal) -> Quantization {
    guard let quantization = graph.type(of: value).quantization else {
      throw Refusal("value \(graph[value].name) has no quantization")
    }
    return quantization
  }

  private mutating func int8(_ value: ValueID) throws(Refusal) -> ValueID {
    if let known = integers[value] { return known }
    let name = "\(source[value].name)_quantized"
    let quantized = try graph.add(
      QuantizeLinear(try quantization(of: value)), name: name, inputs: [try float(value)], outputNames: [name])
    integers[value] = quantized[0]
    return quantized[0]
  }

  private mutating func float(_ value: ValueID) throws(Refusal) -> ValueID {
    if let known = floats[value] { return known }
    if let constant = source.constant(value) {
      let copy = graph.addConstant(source[value].name, constant)
      floats[value] = copy
      return copy
    }
    guard let quantized = integers[value] else {
      throw Refusal("value \(source[value].name) is used before it is produced")
    }
    let name = "\(source[value].name)_dequantized"
    let real = try graph.add(DequantizeLinear(), name: name, inputs: [quantized], outputNames: [name])
    floats[value] = real[0]
    return real[0]
  }
}

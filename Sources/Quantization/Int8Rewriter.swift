import IR
import Math
import Operators
import Tensors

/// Builds the int8 graph node by node beside the float one.
///
/// Every value of the source has a float version, an int8 version or both in the new graph; the missing one is made by a conversion
/// when it is first asked for.
struct Int8Rewriter {
  private(set) var graph: Graph
  private(set) var decisions: [LayerDecision] = []

  private let source: Graph
  private let domains: Domains
  private let quantizations: [ValueID: Quantization]
  private let observations: [ValueID: Observation]
  private let options: Quantizer.Options
  private var floats: [ValueID: ValueID] = [:]
  private var integers: [ValueID: ValueID] = [:]
  private var fused: Set<NodeID> = []

  init(
    _ source: Graph, domains: Domains, quantizations: [ValueID: Quantization],
    observations: [ValueID: Observation], options: Quantizer.Options
  ) {
    self.source = source
    self.domains = domains
    self.quantizations = quantizations
    self.observations = observations
    self.options = options
    graph = Graph(name: source.name)
    graph.hasFreeBatch = source.hasFreeBatch
  }

  mutating func run(_ order: [Node]) throws(NodeError) {
    for input in source.inputs { floats[input] = graph.addInput(source[input].name, source.type(of: input)) }
    for node in order where !fused.contains(node.id) {
      do throws(OperatorError) {
        try rewrite(node)
      } catch {
        throw NodeError(node, "\(error)")
      }
    }
    for output in source.outputs {
      do throws(OperatorError) {
        graph.addOutput(try float(output))
      } catch {
        throw NodeError(node: source[output].name, op: "output", reason: "\(error)")
      }
    }
    graph.removeDeadNodes()
  }

  private mutating func rewrite(_ node: Node) throws(OperatorError) {
    guard domains.isInt8(node) else {
      let reason = Int8Form.refusal(node, in: source) ?? "nothing around it is int8"
      return try keepFloat(node, reason: Int8Form.passesThrough(node) ? "nothing around it is int8" : reason)
    }
    switch node.op {
    case let conv as Conv:
      let operation = Weighted(groups: conv.group, window: conv.window, clamp: conv.activation)
      try addWeighted(node, operation)
    case let gemm as Gemm:
      try addWeighted(node, Weighted(groups: 1, window: nil, clamp: gemm.activation, isTransposed: !gemm.transB))
    case let scaleShift as ScaleShift:
      let channels = source.type(of: node.outputs[0]).shape[1]
      let operation = Weighted(groups: channels, window: Window(kernel: [1, 1]), clamp: scaleShift.activation)
      try addWeighted(node, operation)
    case let binary as Binary: try addBinary(node, binary)
    case let unary as Unary:
      try add(node, LookupInt8(unary.function, output: quantization(of: node.outputs[0])))
    case let concat as Concat:
      try add(node, ConcatInt8(axis: concat.axis, output: quantization(of: node.outputs[0])))
    case is GlobalAveragePool:
      try add(node, AveragePoolInt8(window: nil, output: quantization(of: node.outputs[0])))
    case let pool as AveragePool:
      try add(
        node,
        AveragePoolInt8(
          window: pool.window, ceiling: pool.ceiling, countIncludesPadding: pool.countIncludePad,
          output: quantization(of: node.outputs[0])))
    default:
      try add(node, node.op, precision: .passThrough)
    }
  }

  // MARK: Layers with weights

  private struct Weighted {
    let groups: Int
    /// Nil for a matrix product.
    let window: Window?
    let clamp: UnaryFunction
    /// Whether the weights lie [inputs, outputs] and must be turned.
    var isTransposed = false
  }

  private mutating func addWeighted(_ node: Node, _ operation: Weighted) throws(OperatorError) {
    guard let inputID = node.inputs[0], let weightsID = node.inputs[1],
      let weights = source.constant(weightsID), var values = weights.floats()
    else { return try keepFloat(node, reason: "weights are not constant float32") }
    var shape = weights.shape
    if operation.isTransposed {
      let rows = shape[0]
      let columns = shape[1]
      values = (0..<rows * columns).map { values[$0 % rows * columns + $0 / rows] }
      shape = [columns, rows]
    }
    let bias = node.inputs.count > 2 ? source.constant(node.inputs[2])?.floats() ?? [] : []
    let x = try int8(inputID)
    let input = try quantizationOfInt8(x)
    let channels = shape[0]
    if node.op is ScaleShift { shape = [channels, 1, 1, 1] }
    let quantized = WeightQuantization(
      values, bias: bias, channels: channels, inputScale: input.scale, inputMeans: means(inputID, shape, operation))
    let largest = Int8Weights.largestAccumulator(
      weights: quantized.weights, bias: quantized.bias, channels: channels, inputZeroPoint: input.zeroPoint)
    guard largest <= Int(Int32.max) else {
      return try keepFloat(node, reason: "its sums could leave int32 (up to \(largest))")
    }

    let (output, result) = outputStage(node, clamp: operation.clamp)
    let name = source[weightsID].name
    var inputs: [ValueID?] = [
      x, graph.addConstant(name, Tensor(quantized.weights, shape: shape)),
      graph.addConstant("\(name)_scale", Tensor(quantized.scales)),
    ]
    if !quantized.bias.isEmpty {
      let biasName = node.inputs.count > 2 ? node.inputs[2].map { source[$0].name } : nil
      inputs.append(graph.addConstant(biasName ?? "\(name)_bias", Tensor(quantized.bias)))
    }
    let op: any Operator =
      operation.window.map { ConvInt8(window: $0, group: operation.groups, output: output) as any Operator }
      ?? GemmInt8(output: output)
    var origins = node.origins
    if result != node.outputs[0], let function = source.producer(of: result) {
      fused.insert(function.id)
      origins += function.origins
      decisions.append(LayerDecision(node: function.name, op: function.op.name, precision: .int8))
    }
    // Float output is the bare accumulator: a clamp becomes an operator of its own again.
    let isClampedFloat = output == nil && operation.clamp != .identity
    let outputName = source[result].name + (isClampedFloat ? "_unclamped" : "")
    var outputs = try graph.add(op, name: node.name, inputs: inputs, outputNames: [outputName], origins: origins)
    if isClampedFloat {
      outputs = try graph.add(
        Unary(operation.clamp), name: "\(node.name)_clamp", inputs: [outputs[0]], outputNames: [source[result].name])
    }
    if output == nil { floats[result] = outputs[0] } else { integers[result] = outputs[0] }
    decisions.append(
      LayerDecision(node: node.name, op: node.op.name, precision: .int8, raisedScales: quantized.raisedScales))
  }

  /// The output stage of a layer, and the value of the source graph it gives: its own, or that of a function fused into it.
  private func outputStage(_ node: Node, clamp: UnaryFunction) -> (Int8Output?, ValueID) {
    let own = node.outputs[0]
    guard domains.isInt8(own) else { return (nil, own) }
    if clamp == .identity, let user = source.soleUser(of: own), let unary = user.op as? Unary,
      domains.isInt8(user.outputs[0])
    {
      let result = user.outputs[0]
      return (Int8Output(quantization(of: result), function: unary.function, of: quantization(of: own)), result)
    }
    let bounds = clamp.clampBounds ?? (-.infinity, .infinity)
    return (Int8Output(quantization(of: own), clamp: bounds), own)
  }

  /// For a channel, the mean input each weight meets; empty where bias correction is off or nothing was observed.
  private func means(_ input: ValueID, _ shape: [Int], _ operation: Weighted) -> (Int) -> [Double] {
    guard options.correctsBias, let means = observations[input]?.channelMeans else { return { _ in [] } }
    let perGroup = shape[1]
    guard means.count == perGroup * operation.groups, operation.groups > 0 else { return { _ in [] } }
    let positions = shape[2...].reduce(1, *)
    let outputsPerGroup = max(1, shape[0] / operation.groups)
    return { channel in
      let first = channel / outputsPerGroup * perGroup
      return (0..<perGroup * positions).map { means[first + $0 / positions] }
    }
  }

  // MARK: Other operators

  private mutating func addBinary(_ node: Node, _ binary: Binary) throws(OperatorError) {
    let output = Int8Output(
      quantization(of: node.outputs[0]), clamp: binary.activation.clampBounds ?? (-.infinity, .infinity))
    guard binary.function == .mul else { return try add(node, AddInt8(output: output)) }
    let shapes = node.inputs.compactMap { $0.map { source.type(of: $0).shape } }
    let isSwapped = shapes[0] != shapes[1] && MulOperands(shapes[0], shapes[1])?.isSwapped == true
    try add(node, MulInt8(output: output), inputs: isSwapped ? node.inputs.reversed() : node.inputs)
  }

  /// Adds the int8 form of a node over the int8 versions of its inputs.
  private mutating func add(
    _ node: Node, _ op: any Operator, inputs: [ValueID?]? = nil, precision: LayerDecision.Precision = .int8
  ) throws(OperatorError) {
    var arguments: [ValueID?] = []
    for input in inputs ?? node.inputs {
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

  private mutating func keepFloat(_ node: Node, reason: String) throws(OperatorError) {
    var arguments: [ValueID?] = []
    for input in node.inputs { arguments.append(try input.map { id throws(OperatorError) in try float(id) }) }
    let names = node.outputs.map { source[$0].name }
    let outputs = try graph.add(node.op, name: node.name, inputs: arguments, outputNames: names, origins: node.origins)
    for (value, output) in zip(node.outputs, outputs) { floats[value] = output }
    decisions.append(LayerDecision(node: node.name, op: node.op.name, precision: .float32, reason: reason))
  }

  // MARK: Values

  private func quantization(of value: ValueID) -> Quantization {
    quantizations[value] ?? Quantization(low: 0, high: 0)
  }

  private func quantizationOfInt8(_ value: ValueID) throws(OperatorError) -> Quantization {
    guard let quantization = graph.type(of: value).quantization else {
      throw OperatorError("value \(graph[value].name) has no quantization")
    }
    return quantization
  }

  private mutating func int8(_ value: ValueID) throws(OperatorError) -> ValueID {
    if let known = integers[value] { return known }
    let name = "\(source[value].name)_quantized"
    let quantized = try graph.add(
      QuantizeLinear(quantization(of: value)), name: name, inputs: [try float(value)], outputNames: [name])
    integers[value] = quantized[0]
    return quantized[0]
  }

  private mutating func float(_ value: ValueID) throws(OperatorError) -> ValueID {
    if let known = floats[value] { return known }
    if let constant = source.constant(value) {
      let copy = graph.addConstant(source[value].name, constant)
      floats[value] = copy
      return copy
    }
    guard let quantized = integers[value] else {
      throw OperatorError("value \(source[value].name) is used before it is produced")
    }
    let name = "\(source[value].name)_dequantized"
    let real = try graph.add(DequantizeLinear(), name: name, inputs: [quantized], outputNames: [name])
    floats[value] = real[0]
    return real[0]
  }
}

import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Takes over what a model quantizes itself (QDQ, QLinear operators): int8 operators in place of float ones between
  /// DequantizeLinear and QuantizeLinear.
  ///
  ///     a = DequantizeLinear(p); v = Conv(a, w); q = QuantizeLinear(v)      ->   q = ConvInt8(p, w_q)
  ///     a = DequantizeLinear(p); y = Conv(a, w)                             ->   y = ConvInt8(p, w_q), float32
  ///     a = DequantizeLinear(p); b = of(r); y = MatMul(a, b)                ->   y = MatMulInt8(p, r), or quantized
  ///     a = DequantizeLinear(p); v = f(a); q = QuantizeLinear(v)            ->   q = LookupInt8(p)
  ///     a = DequantizeLinear(p); v = MaxPool(a)                             ->   v = DequantizeLinear(MaxPool(p))
  ///     v = f(a); r = Reshape(v); q = QuantizeLinear(r)                     ->   q = Reshape(LookupInt8(p))
  ///     a = DequantizeLinear(p); q = QuantizeLinear(a) of another scale     ->   q = LookupInt8(p), the identity
  ///
  /// Alike for every operator that has an int8 form. Conditions: inputs are dequantized or constant, weights lie on the
  /// grid they were quantized to, nothing else reads what is quantized or moved before. Other operators stay float
  /// between conversions. Formula: the same scales, zero points and integers; int8 operators sum exactly and scale once
  /// (docs/int8.md), where float32 rounds each product and sum, so a value that lies on the middle between two integers
  /// may fall to the other side. A product's second operand is read from -127 up, a step less than it may hold.
  package static let takeOverQuantization = Pass(
    "take-over-quantization", "compute in int8 what the model quantizes itself"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    guard graph.isQuantized else { return }
    var takeOver = TakeOver(graph)
    try takeOver.run(&log)
    graph = takeOver.graph
  }
}

extension Graph {
  /// Whether a model quantizes values or has weights that were quantized.
  package var isQuantized: Bool {
    valueIDs.contains { self[$0].constant?.grid != nil || type(of: $0).quantization != nil }
  }
}

/// Builds the graph anew, node by node.
private struct TakeOver {
  private(set) var graph: Graph

  private let source: Graph
  /// What a value of the source is here.
  private var values: [ValueID: ValueID] = [:]
  /// The integers that a float value of the source stands for, with nothing lost.
  private var integers: [ValueID: ValueID] = [:]
  /// Bounds of integers that are tighter than int8's.
  private var bounds: [ValueID: ClosedRange<Int>] = [:]
  /// Nodes that are part of one before them.
  private var absorbed: Set<NodeID> = []

  init(_ source: Graph) {
    self.source = source
    graph = Graph(name: source.name)
    graph.hasFreeBatch = source.hasFreeBatch
  }

  mutating func run(_ log: inout PassLog) throws(Refusal) {
    for input in source.inputs { values[input] = graph.addInput(source[input].name, source.type(of: input)) }
    for node in source.nodesInOrder() where !absorbed.contains(node.id) {
      do throws(Refusal) {
        try rewrite(node, &log)
      } catch {
        throw error.at(node)
      }
    }
    for output in source.outputs { graph.addOutput(try value(output)) }
    graph.removeDeadNodes()
  }

  private mutating func rewrite(_ node: Node, _ log: inout PassLog) throws(Refusal) {
    switch node.op {
    case is DequantizeLinear:
      if let q = node.inputs[0] { integers[node.outputs[0]] = try value(q) }
    case let quantize as QuantizeLinear: try self.quantize(node, as: quantize.quantization)
    case let layer as any Int8ConvertibleLayer:
      if let reason = try takeLayer(node, layer) {
        // Layers of a part that is not quantized are no candidates.
        if isQuantized(node) { log.refused(node, reason) }
        try keep(node)
      } else {
        log.applied(node, layer.name)
      }
    case let product as any Int8ConvertibleProduct:
      if let reason = try takeProduct(node, product) {
        if node.inputs.contains(where: { $0.map { integers[$0] != nil } ?? false }) { log.refused(node, reason) }
        try keep(node)
      } else {
        log.applied(node, product.name)
      }
    case let operation as any Int8ConvertibleOperation:
      if try takeOperation(node, operation) { return log.applied(node, operation.name) }
      if try !move(node) { try keep(node) }
    default: if try !move(node) { try keep(node) }
    }
  }

  /// Whether the weights of a layer, or its input, were quantized.
  private func isQuantized(_ node: Node) -> Bool {
    source.constant(source.input(node, 1))?.grid != nil || source.input(node, 0).map { integers[$0] != nil } ?? false
  }

  // MARK: Conversions

  private mutating func quantize(_ node: Node, as quantization: Quantization) throws(Refusal) {
    guard let x = node.inputs[0], let q = integers[x], quantization.scale >= .leastNormalMagnitude else {
      return try keep(node)
    }
    if graph.type(of: q).quantization == quantization {
      values[node.outputs[0]] = q
    } else {
      try add(LookupInt8(.identity, output: quantization), for: node, [q], as: node.outputs[0])
    }
  }

  /// The only node that reads a value, where that quantizes it, to a scale that a bundle may hold.
  private func quantizer(of value: ValueID) -> (node: Node, quantization: Quantization)? {
    guard let node = source.soleUser(of: value), let op = node.op as? QuantizeLinear,
      op.quantization.scale >= .leastNormalMagnitude
    else { return nil }
    return (node, op.quantization)
  }

  /// The quantization a value gets further on, behind nodes that only move it: it may as well get it at once.
  private func quantizationAhead(of value: ValueID) -> Quantization? {
    var value = value
    for _ in 0..<TakeOver.reach {
      guard let node = source.soleUser(of: value), node.outputs.count == 1, node.inputs.first == value,
        let op = node.op as? any ElementMoving, op.movesElements, (op as? Resize)?.mode ?? .nearest == .nearest,
        !node.inputs.dropFirst().contains(where: { $0.map { source.type(of: $0).element.isFloat } ?? false })
      else { return nil }
      value = node.outputs[0]
      if let (_, quantization) = quantizer(of: value) { return quantization }
    }
    return nil
  }

  /// How many moves that looks behind: enough for every spelling met, few enough for graphs made to be walked for ever.
  private static let reach = 6

  // MARK: Layers

  /// Adds a layer's int8 form; the reason where it has none.
  private mutating func takeLayer(_ node: Node, _ layer: any Int8ConvertibleLayer) throws(Refusal) -> String? {
    let operands = source.operands(of: node)
    if let reason = layer.int8Refusal(operands) { return reason }
    guard let x = source.input(node, 0).flatMap({ integers[$0] }), let input = graph.type(of: x).quantization else {
      return "its input is not quantized"
    }
    guard let weightsID = source.input(node, 1), let grid = source.constant(weightsID)?.grid,
      let weights = layer.weights(operands)
    else { return "its weights are not quantized" }
    let quantized: GridWeights
    do throws(GridWeights.Objection) {
      quantized = try GridWeights(
        weights, on: grid, axis: layer.outputAxis, biasGrid: source.constant(source.input(node, 2))?.grid,
        inputScale: input.scale, inputZeroPoint: input.zeroPoint)
    } catch {
      return error.reason
    }
    let stage = outputStage(after: node.outputs[0], clamp: layer.activation)
    let ahead = stage == nil ? quantizationAhead(of: node.outputs[0]) : nil
    let clamp = layer.activation.clampBounds ?? (-.infinity, .infinity)
    let output = stage?.output ?? ahead.map { Int8Output($0, clamp: clamp) }
    guard scalesFit(quantized.scales, input.scale, output?.inner) else { return "its scales lie too far apart" }
    let name = source[weightsID].name
    var inputs: [ValueID?] = [
      x, graph.addConstant(name, Tensor(quantized.weights, shape: weights.shape)),
      graph.addConstant("\(name)_scale", Tensor(quantized.scales)),
    ]
    if !quantized.bias.isEmpty {
      let biasName = source.input(node, 2).map { source[$0].name } ?? "\(name)_bias"
      inputs.append(graph.addConstant(biasName, Tensor(quantized.bias)))
    }
    let op = layer.int8Form(weights, output: output)
    if let objection = graph.objection(to: op, on: inputs) { return objection.reason }
    if output != nil || layer.activation == .identity {
      try add(op, for: node, inputs, endingIn: stage, beforeMoves: ahead != nil)
    } else {
      // Float output is the bare accumulator: a clamp becomes an operator of its own again.
      let result = source[node.outputs[0]].name
      let bare = try graph.add(
        op, name: node.name, inputs: inputs, outputNames: ["\(result)_unclamped"], origins: node.origins)
      values[node.outputs[0]] = try graph.add(
        Unary(layer.activation), name: "\(node.name)_clamp", inputs: [bare[0]], outputNames: [result])[0]
    }
    return nil
  }

  /// How a layer's output ends in int8: the nodes that become part of it, and the value they give.
  private struct Stage {
    let output: Int8Output
    let absorbed: [Node]
    let result: ValueID
  }

  /// What follows a layer: QuantizeLinear, or that, a function of the integers' real numbers and QuantizeLinear again.
  private func outputStage(after value: ValueID, clamp: UnaryFunction) -> Stage? {
    guard let (first, quantization) = quantizer(of: value) else { return nil }
    var output = Int8Output(quantization, clamp: clamp.clampBounds ?? (-.infinity, .infinity))
    let plain = Stage(output: output, absorbed: [first], result: first.outputs[0])
    guard let real = source.soleUser(of: first.outputs[0]), real.op is DequantizeLinear,
      let function = source.soleUser(of: real.outputs[0]), let unary = function.op as? Unary,
      let (second, result) = quantizer(of: function.outputs[0])
    else { return plain }
    if let bounds = unary.function.clampBounds, result == quantization {
      output.lower = max(output.lower, quantization.quantize(Double(bounds.lower)))
      output.upper = max(output.lower, min(output.upper, quantization.quantize(Double(bounds.upper))))
    } else if clamp == .identity {
      output = Int8Output(result, function: unary.function, of: quantization)
    } else {
      return plain
    }
    return Stage(output: output, absorbed: [first, real, function, second], result: second.outputs[0])
  }

  /// Adds what multiplies: with int8 output of the stage behind it or to be moved, else with float output.
  private mutating func add(
    _ op: any Operator, for node: Node, _ inputs: [ValueID?], endingIn stage: Stage?, beforeMoves: Bool
  ) throws(Refusal) {
    if let stage {
      absorbed.formUnion(stage.absorbed.map(\.id))
      let origins = node.origins + stage.absorbed.flatMap(\.origins)
      try add(op, for: node, inputs, as: stage.result, origins: origins)
      if let q = values[stage.result], !stage.output.hasTable { bounds[q] = stage.output.lower...stage.output.upper }
    } else if beforeMoves {
      try addBeforeMoves(op, for: node, inputs)
    } else {
      try add(op, for: node, inputs, as: node.outputs[0])
    }
  }

  /// Whether multipliers are numbers a kernel can take.
  private func scalesFit(_ scales: [Float], _ input: Float, _ output: Quantization?) -> Bool {
    scales.allSatisfy { scale in
      let multiplier = Float(Double(input) * Double(scale) / Double(output?.scale ?? 1))
      return multiplier.isFinite && multiplier > 0
    }
  }

  /// Adds the int8 form of a product of two values that flow; the reason where it has none.
  private mutating func takeProduct(_ node: Node, _ product: any Int8ConvertibleProduct) throws(Refusal) -> String? {
    if let reason = product.int8Refusal(source.operands(of: node)) { return reason }
    var inputs: [ValueID?] = []
    var scale: Float = 1
    for (index, input) in node.inputs.enumerated() {
      guard let q = input.flatMap({ integers[$0] }), let quantization = graph.type(of: q).quantization else {
        return "an operand is not quantized"
      }
      guard index != product.symmetricInput || quantization.zeroPoint == 0 else {
        return "its second operand has the zero point \(quantization.zeroPoint), int8 products take 0"
      }
      inputs.append(q)
      scale *= quantization.scale
    }
    let stage = outputStage(after: node.outputs[0], clamp: .identity)
    let ahead = stage == nil ? quantizationAhead(of: node.outputs[0]) : nil
    let output = stage?.output ?? ahead.map { Int8Output($0) }
    guard scalesFit([product.alpha.magnitude], scale, output?.inner) else { return "its scales lie too far apart" }
    let op = product.int8Form(output: output)
    if let objection = graph.objection(to: op, on: inputs) { return objection.reason }
    try add(op, for: node, inputs, endingIn: stage, beforeMoves: ahead != nil)
    return nil
  }

  // MARK: Other operators

  private mutating func takeOperation(
    _ node: Node, _ operation: any Int8ConvertibleOperation
  ) throws(Refusal) -> Bool {
    let operands = source.operands(of: node)
    guard operation.int8Refusal(operands) == nil, let output = node.outputs.first else { return false }
    let direct = quantizer(of: output)
    guard let quantization = direct?.quantization ?? quantizationAhead(of: output) else { return false }
    var inputs: [ValueID] = []
    for index in operation.int8Order(operands) {
      guard let x = source.input(node, index).flatMap({ integers[$0] }) else { return false }
      inputs.append(x)
    }
    let op = operation.int8Form(output: quantization)
    guard graph.objection(to: op, on: inputs) == nil else { return false }
    guard let quantizer = direct?.node else {
      try addBeforeMoves(op, for: node, inputs)
      return true
    }
    absorbed.insert(quantizer.id)
    let clamp = clamp(node, of: inputs, to: quantization)
    let known = bounds[inputs[0]] ?? -128...127
    if let clamp, known.clamped(to: clamp) == known {
      // Fake quantization of a reduced range, done again.
      values[quantizer.outputs[0]] = inputs[0]
      return true
    }
    try add(op, for: node, inputs, as: quantizer.outputs[0], origins: node.origins + quantizer.origins)
    if let clamp, let q = values[quantizer.outputs[0]] { bounds[q] = clamp }
    return true
  }

  /// The integers a clamp leaves, where its output has the scale of its input.
  private func clamp(_ node: Node, of inputs: [ValueID], to quantization: Quantization) -> ClosedRange<Int>? {
    guard let unary = node.op as? Unary, let (lower, upper) = unary.function.clampBounds,
      graph.type(of: inputs[0]).quantization == quantization
    else { return nil }
    let first = quantization.quantize(Double(lower))
    return first...max(first, quantization.quantize(Double(upper)))
  }

  /// Lets a node move integers instead of the real numbers they stand for, if it only moves.
  private mutating func move(_ node: Node) throws(Refusal) -> Bool {
    guard let op = node.op as? any ElementMoving, op.movesElements else { return false }
    var inputs: [ValueID?] = []
    var quantizations: Set<Quantization> = []
    for input in node.inputs {
      guard let input else {
        inputs.append(nil)
        continue
      }
      if let q = integers[input], let quantization = graph.type(of: q).quantization {
        inputs.append(q)
        quantizations.insert(quantization)
      } else if source.type(of: input).element.isFloat {
        return false
      } else {
        inputs.append(try value(input))
      }
    }
    guard quantizations.count == 1, let quantization = quantizations.first else { return false }
    let next = node.outputs.count == 1 ? quantizer(of: node.outputs[0]) : nil
    // Interpolated integers are rounded: the same only where they are quantized to the same scale at once.
    if let resize = op as? Resize, resize.mode != .nearest, next?.quantization != quantization { return false }
    guard graph.objection(to: op, on: inputs) == nil else { return false }
    let names = node.outputs.map { output in
      if let next, next.quantization == quantization { return source[next.node.outputs[0]].name }
      return "\(source[output].name)_quantized"
    }
    let outputs = try graph.add(op, name: node.name, inputs: inputs, outputNames: names, origins: node.origins)
    for (value, output) in zip(node.outputs, outputs) { integers[value] = output }
    return true
  }

  private mutating func keep(_ node: Node) throws(Refusal) {
    var inputs: [ValueID?] = []
    for input in node.inputs { inputs.append(try input.map { id throws(Refusal) in try value(id) }) }
    let names = node.outputs.map { source[$0].name }
    let outputs = try graph.add(node.op, name: node.name, inputs: inputs, outputNames: names, origins: node.origins)
    for (value, output) in zip(node.outputs, outputs) { values[value] = output }
  }

  // MARK: Values

  private mutating func add(
    _ op: any Operator, for node: Node, _ inputs: [ValueID?], as result: ValueID, origins: [String]? = nil
  ) throws(Refusal) {
    values[result] = try graph.add(
      op, name: node.name, inputs: inputs, outputNames: [source[result].name], origins: origins ?? node.origins)[0]
  }

  /// Adds what is quantized before it is moved to where the source quantizes it.
  private mutating func addBeforeMoves(_ op: any Operator, for node: Node, _ inputs: [ValueID?]) throws(Refusal) {
    integers[node.outputs[0]] = try graph.add(
      op, name: node.name, inputs: inputs, outputNames: ["\(source[node.outputs[0]].name)_quantized"],
      origins: node.origins)[0]
  }

  /// A value of the source as it is, real numbers where it has integers too.
  private mutating func value(_ id: ValueID) throws(Refusal) -> ValueID {
    if let known = values[id] { return known }
    if let constant = source.constant(id) {
      let copy = graph.addConstant(source[id].name, constant)
      values[id] = copy
      return copy
    }
    guard let q = integers[id] else {
      throw Refusal("value \(source[id].name) is used before it is produced")
    }
    let producer = source.producer(of: id)
    let name = producer?.op is DequantizeLinear ? producer?.name : nil
    let real = try graph.add(
      DequantizeLinear(), name: name ?? "\(source[id].name)_dequantized", inputs: [q], outputNames: [source[id].name],
      origins: producer?.origins ?? [])
    values[id] = real[0]
    return real[0]
  }
}

import IR
import Math
import Operators
import Tensors

// The QDQ form: int8 values stay int8 tensors, between them each operator computes with the real numbers they stand
// for. A runtime may compute so, or take DequantizeLinear, operator and QuantizeLinear together as one int8 operator;
// both give what dermc computes, but for numbers so near the middle between two integers that float32 decides.
extension Emission {
  // MARK: Conversions

  func quantization(of value: ValueID?) throws(Refusal) -> Quantization {
    guard let quantization = value.flatMap({ graph.type(of: $0).quantization }) else {
      throw Refusal("its integers have no scale")
    }
    return quantization
  }

  mutating func quantize(
    _ node: Node, _ nodeName: String, _ x: String, as quantization: Quantization, to y: String
  ) {
    add("QuantizeLinear", name: nodeName, inputs: [x] + constants(node, quantization), outputs: [y])
  }

  mutating func dequantize(_ node: Node, _ nodeName: String, _ x: ValueID?, to y: String) throws(Refusal) {
    let quantization = try quantization(of: x)
    add("DequantizeLinear", name: nodeName, inputs: [name(x)] + constants(node, quantization), outputs: [y])
    if let x { reals[x] = y }
  }

  /// The name of the real numbers an int8 value stands for; one DequantizeLinear serves all operators.
  private mutating func real(_ node: Node, _ value: ValueID?) throws(Refusal) -> String {
    if let value, let known = reals[value] { return known }
    let y = temporary(node, "dequantized")
    try dequantize(node, y, value, to: y)
    return y
  }

  /// The real numbers of a constant with one scale for each first index.
  private mutating func real(
    _ node: Node, _ role: String, _ constant: ValueID?, scales: String, zeros: Tensor
  ) -> String {
    let y = temporary(node, role)
    let zeroPoint = self.constant(node, "\(role)_zero_point", zeros)
    add(
      "DequantizeLinear", name: y, inputs: [name(constant), scales, zeroPoint], outputs: [y], ["axis": .int(0)])
    return y
  }

  // MARK: Operators on int8

  /// Writes an operator that moves elements: int8 ones as the real numbers they stand for, back by the same scale.
  ///
  /// ONNX has many of them for int8 too, runtimes have fewer; all recognise this form.
  mutating func move(_ node: Node, _ op: any ONNXWritable) throws(Refusal) {
    var standIns: [ValueID: String] = [:]
    for case let input? in node.inputs where graph.type(of: input).quantization != nil {
      standIns[input] = try real(node, input)
    }
    guard !standIns.isEmpty else { return try op.write(node, to: &self) }
    let outputs = node.outputs.filter { graph.type(of: $0).quantization != nil }
    for output in outputs { standIns[output] = temporary(node, "moved") }
    try naming(standIns) { emission throws(Refusal) in try op.write(node, to: &emission) }
    for output in outputs {
      let quantized = temporary(node, "quantized")
      quantize(node, quantized, standIns[output] ?? "", as: try quantization(of: output), to: name(output))
    }
  }

  /// Adds a float operator and what makes its result the int8 output: a clamp where the bounds are tighter than int8's,
  /// a function of the quantized argument where there is one. Without `output` the result stays float32.
  mutating func add(
    _ opType: String, for node: Node, inputs: [String], _ attributes: [String: Attribute] = [:], output: Int8Output?
  ) {
    guard let output else { return add(opType, for: node, inputs: inputs, attributes) }
    let result = temporary(node, "result")
    add(opType, name: node.name, inputs: inputs, outputs: [result], attributes)
    finish(node, result, output)
  }

  /// Adds what computes a node's result in float, and what makes it int8 where the node has an int8 output.
  mutating func finished(
    _ node: Node, by output: Int8Output?, _ compute: (inout Emission, _ result: String) -> Void
  ) {
    guard let output else { return compute(&self, name(node.outputs[0])) }
    let result = temporary(node, "result")
    compute(&self, result)
    finish(node, result, output)
  }

  /// Adds what makes a float result the int8 output of a node.
  mutating func finish(_ node: Node, _ result: String, _ output: Int8Output) {
    var result = result
    let bounds = output.realBounds
    if bounds != .identity {
      let clamped = temporary(node, "clamped")
      add(bounds, clamped, from: result, to: clamped, node)
      result = clamped
    }
    if output.hasTable {
      let argument = temporary(node, "argument")
      quantize(node, argument, result, as: output.inner, to: argument)
      let real = temporary(node, "argument_dequantized")
      add("DequantizeLinear", name: real, inputs: [argument] + constants(node, output.inner), outputs: [real])
      result = temporary(node, "activation")
      add(output.function, result, from: real, to: result, node)
    }
    quantize(node, temporary(node, "quantized"), result, as: output.quantization, to: name(node.outputs[0]))
  }

  /// The inputs of a layer: x; the weights with a scale for each output channel; the bias, whose scale is s_x * s_w.
  mutating func weighted(_ node: Node) throws(Refusal) -> [String] {
    let weights = try Int8Weights(graph.operands(of: node))
    let channels = weights.scales.count
    var inputs = [
      try real(node, node.inputs[0]),
      real(
        node, "weights", node.inputs[1], scales: name(node.inputs[2]),
        zeros: Tensor([Int8](repeating: 0, count: channels))),
    ]
    if weights.bias != nil {
      let scales = weights.multipliers(input: try quantization(of: node.inputs[0]), outputScale: nil)
      let scalesName = constant(node, "bias_scale", Tensor(scales))
      inputs.append(
        real(
          node, "bias", node.inputs[3], scales: scalesName, zeros: Tensor([Int32](repeating: 0, count: channels))))
    }
    return inputs
  }

  /// The names of the real numbers that all inputs stand for.
  mutating func reals(_ node: Node) throws(Refusal) -> [String] {
    var names: [String] = []
    for input in node.inputs { names.append(try real(node, input)) }
    return names
  }
}

extension Int8Output {
  /// The bounds of the stored integers as a clamp of the real numbers; identity where they are int8's own, which
  /// QuantizeLinear keeps to by itself.
  fileprivate var realBounds: UnaryFunction {
    if lower <= -128, upper >= 127 { return .identity }
    return .clip(
      lower: lower <= -128 ? -.infinity : Float(inner.real(lower)),
      upper: upper >= 127 ? .infinity : Float(inner.real(upper)))
  }
}

import IR
import Math
import Tensors

extension Emission {
  // MARK: Activations

  /// Attributes that are not ONNX's taken away, and the name of the operator's own result: the node's output, or what
  /// comes before the fused activation.
  private mutating func beginning(of node: Node) -> (attributes: [String: Attribute], result: String) {
    var attributes = node.op.attributes
    let activation = attributes.removeValue(forKey: "activation")
    attributes.removeValue(forKey: "activation_parameters")
    return (attributes, activation == nil ? name(node.outputs[0]) : temporary(node, "linear"))
  }

  /// Adds the activation a node has fused, from the operator's own result to the node's output.
  private mutating func finish(_ node: Node, _ result: String) {
    guard let function = UnaryFunction(fusedInto: node.op) else { return }
    add(function, temporary(node, "activation"), from: result, to: name(node.outputs[0]), node)
  }

  mutating func unary(_ node: Node) throws(Failure) {
    let attributes = node.op.attributes
    var parameters: [Float] = []
    if case .floats(let values)? = attributes["parameters"] { parameters = values }
    guard let function = UnaryFunction(name: attributes["function"]?.word ?? "", parameters: parameters) else {
      throw Failure("its function has no ONNX form")
    }
    add(function, node.name, from: name(node.inputs[0]), to: name(node.outputs[0]), node)
  }

  /// Adds the nodes of a function of one number.
  mutating func add(
    _ function: UnaryFunction, _ nodeName: String, from x: String, to y: String, _ node: Node
  ) {
    var opType: String
    var attributes: [String: Attribute] = [:]
    var inputs = [x]
    switch function {
    case .relu: opType = "Relu"
    case .clip(let lower, let upper):
      opType = "Clip"
      inputs.append(lower == -.infinity ? "" : constant(node, "min", Tensor(scalar: lower)))
      inputs.append(upper == .infinity ? "" : constant(node, "max", Tensor(scalar: upper)))
    case .silu:
      opType = "Mul"
      inputs.append(temporary(node, "sigmoid"))
      add("Sigmoid", name: inputs[1], inputs: [x], outputs: [inputs[1]])
    case .hardSigmoid(let alpha, let beta):
      opType = "HardSigmoid"
      attributes = ["alpha": .float(alpha), "beta": .float(beta)]
    case .leakyRelu(let alpha):
      opType = "LeakyRelu"
      attributes = ["alpha": .float(alpha)]
    case .elu(let alpha):
      opType = "Elu"
      attributes = ["alpha": .float(alpha)]
    case .identity: opType = "Identity"
    case .sigmoid: opType = "Sigmoid"
    case .tanh: opType = "Tanh"
    case .hardSwish: opType = "HardSwish"
    case .gelu: opType = "Gelu"
    case .erf: opType = "Erf"
    case .exp: opType = "Exp"
    case .softplus: opType = "Softplus"
    case .mish: opType = "Mish"
    case .log: opType = "Log"
    case .sqrt: opType = "Sqrt"
    case .abs: opType = "Abs"
    case .neg: opType = "Neg"
    case .reciprocal: opType = "Reciprocal"
    case .floor: opType = "Floor"
    case .ceil: opType = "Ceil"
    case .round: opType = "Round"
    }
    add(opType, name: nodeName, inputs: inputs, outputs: [y], attributes)
  }

  // MARK: Operators

  /// An operator that ONNX has under the same name with the same attributes, apart from those that are inputs there.
  mutating func plain(_ node: Node, listInputs: [String] = []) {
    var (attributes, result) = beginning(of: node)
    var inputs = node.inputs.map { name($0) }
    for role in listInputs {
      guard let values = attributes.removeValue(forKey: role)?.numbers else { continue }
      inputs.append(constant(node, role, ints: values))
    }
    let outputs = [result] + node.outputs.dropFirst().map { name($0) }
    add(node.op.name, name: node.name, inputs: inputs, outputs: outputs, attributes)
    finish(node, result)
  }

  /// An operator that is one ONNX operator for each of its functions.
  mutating func function(_ node: Node, _ opTypes: [String: String]) throws(Failure) {
    let (attributes, result) = beginning(of: node)
    guard let function = attributes["function"]?.word, let opType = opTypes[function] else {
      throw Failure("its function has no ONNX form")
    }
    add(opType, name: node.name, inputs: node.inputs.map { name($0) }, outputs: [result])
    finish(node, result)
  }

  /// ONNX's Gemm takes matrices. For other shapes it is a MatMul, which reads back as the same layer; where that cannot say
  /// it, with a bias or turned weights, they are made matrices and restored.
  mutating func gemm(_ node: Node) {
    let (attributes, result) = beginning(of: node)
    let gemmAttributes: [String: Attribute] = (attributes["trans_b"]?.number ?? 1) == 1 ? ["transB": .int(1)] : [:]
    let output = graph.type(of: node.outputs[0]).shape
    var inputs = node.inputs.map { name($0) }
    guard output.count != 2 else {
      add("Gemm", name: node.name, inputs: inputs, outputs: [result], gemmAttributes)
      return finish(node, result)
    }
    guard !gemmAttributes.isEmpty || inputs.count > 2 else {
      add("MatMul", name: node.name, inputs: inputs, outputs: [result])
      return finish(node, result)
    }
    let inner = node.inputs[0].flatMap { graph.type(of: $0).shape.last } ?? 1
    let rows = temporary(node, "rows")
    add(
      "Reshape", name: rows, inputs: [inputs[0], constant(node, "rows_shape", ints: [-1, inner])], outputs: [rows])
    inputs[0] = rows
    let product = temporary(node, "product")
    add("Gemm", name: node.name, inputs: inputs, outputs: [product], gemmAttributes)
    // The first dimension may be a free batch.
    let shape = output.count > 1 ? [-1] + output.dropFirst() : output
    add(
      "Reshape", name: temporary(node, "restored"), inputs: [product, constant(node, "shape", ints: shape)],
      outputs: [result])
    finish(node, result)
  }

  /// A BatchNormalization of mean 0 and variance 1.
  mutating func scaleShift(_ node: Node) {
    let (_, result) = beginning(of: node)
    let channels = graph.type(of: node.outputs[0]).shape[1]
    let mean = constant(node, "mean", Tensor([Float](repeating: 0, count: channels)))
    let variance = constant(node, "variance", Tensor([Float](repeating: 1, count: channels)))
    add(
      "BatchNormalization", name: node.name, inputs: node.inputs.map { name($0) } + [mean, variance],
      outputs: [result], ["epsilon": .float(0)])
    finish(node, result)
  }

  mutating func channelShuffle(_ node: Node) throws(Failure) {
    let shape = graph.type(of: node.outputs[0]).shape
    guard let groups = node.op.attributes["groups"]?.number, groups > 0, shape.count == 4 else {
      throw Failure("its groups do not fit")
    }
    let split = temporary(node, "split")
    let shuffled = temporary(node, "shuffled")
    let splitShape = constant(node, "split_shape", ints: [0, groups, shape[1] / groups, shape[2], shape[3]])
    add("Reshape", name: split, inputs: [name(node.inputs[0]), splitShape], outputs: [split])
    add("Transpose", name: shuffled, inputs: [split], outputs: [shuffled], ["perm": .ints([0, 2, 1, 3, 4])])
    let wholeShape = constant(node, "shape", ints: [0] + shape.dropFirst())
    add("Reshape", name: node.name, inputs: [shuffled, wholeShape], outputs: [name(node.outputs[0])])
  }

  mutating func reshape(_ node: Node) {
    let attributes = node.op.attributes
    let shape = constant(node, "shape", ints: attributes["shape"]?.numbers ?? [])
    add(
      "Reshape", name: node.name, inputs: [name(node.inputs[0]), shape], outputs: [name(node.outputs[0])],
      attributes["allow_zero"] == nil ? [:] : ["allowzero": .int(1)])
  }

  mutating func cast(_ node: Node) throws(Failure) {
    guard let element = node.op.attributes["to"]?.word.flatMap(ElementType.init(rawValue:)) else {
      throw Failure("its target type has no ONNX form")
    }
    add(
      "Cast", name: node.name, inputs: [name(node.inputs[0])], outputs: [name(node.outputs[0])],
      ["to": .int(DataType.stored(element).rawValue)])
  }

  /// The value has the type of what is padded.
  mutating func pad(_ node: Node) throws(Failure) {
    var attributes = node.op.attributes
    let pads = attributes.removeValue(forKey: "pads")?.numbers ?? []
    var value: Float = 0
    if case .float(let given)? = attributes.removeValue(forKey: "value") { value = given }
    let type = graph.type(of: node.outputs[0])
    let padding: Tensor
    switch type.element {
    case .float32: padding = Tensor(scalar: value)
    // Padded as the real numbers it stands for.
    case .int8 where type.quantization != nil: padding = Tensor(scalar: value)
    case .int64 where value == 0: padding = Tensor(scalar: Int64(0))
    case .int32 where value == 0: padding = Tensor(scalar: Int32(0))
    default: throw Failure("padding \(type.element) with \(value) has no ONNX form")
    }
    add(
      "Pad", name: node.name,
      inputs: [name(node.inputs[0]), constant(node, "pads", ints: pads), constant(node, "value", padding)],
      outputs: [name(node.outputs[0])], attributes)
  }

  mutating func reduce(_ node: Node) throws(Failure) {
    let opTypes = [
      "mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd",
      "l1": "ReduceL1", "l2": "ReduceL2", "sum_square": "ReduceSumSquare",
    ]
    var attributes = node.op.attributes
    guard let function = attributes.removeValue(forKey: "function")?.word, let opType = opTypes[function] else {
      throw Failure("its function has no ONNX form")
    }
    var inputs = [name(node.inputs[0])]
    // Without axes the whole tensor is reduced, as in ONNX.
    if opset >= 18 || function == "sum", let axes = attributes.removeValue(forKey: "axes")?.numbers {
      inputs.append(constant(node, "axes", ints: axes))
    }
    add(opType, name: node.name, inputs: inputs, outputs: [name(node.outputs[0])], attributes)
  }

  /// ONNX takes scales or sizes; scales fix the sizes.
  mutating func resize(_ node: Node) throws(Failure) {
    var attributes = node.op.attributes
    let sizes = attributes.removeValue(forKey: "sizes")?.numbers
    var inputs = [name(node.inputs[0]), ""]
    if case .floats(let scales)? = attributes.removeValue(forKey: "scales") {
      let input = node.inputs[0].map { graph.type(of: $0).shape.dropFirst(2) } ?? []
      let implied = zip(input, scales).map { Int((Float($0) * $1).rounded(.down)) }
      guard sizes == nil || sizes == implied else {
        throw Failure("its sizes \(sizes ?? []) are not those its scales \(scales) give")
      }
      inputs.append(constant(node, "scales", Tensor([1, 1] + scales)))
    } else {
      inputs += ["", constant(node, "sizes", ints: sizes ?? [])]
      attributes["axes"] = .ints([2, 3])
    }
    add("Resize", name: node.name, inputs: inputs, outputs: [name(node.outputs[0])], attributes)
  }
}

extension UnaryFunction {
  /// The activation an operator has fused; nil when it has none.
  fileprivate init?(fusedInto op: any Operator) {
    let attributes = op.attributes
    guard let name = attributes["activation"]?.word else { return nil }
    var parameters: [Float] = []
    if case .floats(let values)? = attributes["activation_parameters"] { parameters = values }
    self.init(name: name, parameters: parameters)
  }
}

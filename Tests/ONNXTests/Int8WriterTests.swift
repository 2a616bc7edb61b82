import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// int8 graphs in the QDQ form: read again they compute in float32 what the int8 kernels compute.
@Suite struct Int8WriterTests {
  /// An int8 graph as it is built: a float input, quantized.
  private struct Net {
    var graph = Graph(name: "int8")
    let x: ValueID
    private var state: UInt64 = 7

    init(_ shape: [Int], _ quantization: Quantization = Quantization(scale: 0.02, zeroPoint: -11)) throws {
      graph.hasFreeBatch = true
      let input = graph.addInput("input", TensorType(.float32, shape))
      x = try graph.add(QuantizeLinear(quantization), name: "quantize", inputs: [input], outputNames: ["x"])[0]
    }

    private mutating func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % (2 * bound + 1) - bound
    }

    mutating func floats(_ shape: [Int], _ bound: Float) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in Float(random(1 << 20)) / Float(1 << 20) * bound }, shape: shape)
    }

    /// Weights, their scales, the bias.
    mutating func weights(_ shape: [Int]) -> [ValueID] {
      let values = (0..<shape.reduce(1, *)).map { _ in Int8(random(127)) }
      let scales = (0..<shape[0]).map { _ in Float(random(900) + 1000) / 300_000 }
      let bias = (0..<shape[0]).map { _ in Int32(random(3000)) }
      return [
        graph.addConstant("w", Tensor(values, shape: shape)), graph.addConstant("w_scale", Tensor(scales)),
        graph.addConstant("b", Tensor(bias)),
      ]
    }

    mutating func add(_ op: any Operator, _ inputs: ValueID..., name: String = "op") throws -> ValueID {
      try graph.add(op, name: name, inputs: inputs, outputNames: ["\(name)_y"])[0]
    }

    /// Another int8 value of the input's shape, on a scale of its own.
    mutating func other(_ quantization: Quantization = Quantization(scale: 0.013, zeroPoint: 20)) throws -> ValueID {
      try add(LookupInt8(.tanh, output: quantization), x, name: "other")
    }

    mutating func finish(_ y: ValueID) throws {
      let isInt8 = graph.type(of: y).quantization != nil
      graph.addOutput(isInt8 ? try add(DequantizeLinear(), y, name: "output") : y)
    }
  }

  private func write(_ graph: Graph) throws -> (graph: Graph, file: ModelFile) {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    try ONNXWriter.write(graph, to: path)
    return (try ONNXReader.read(path: path).graph, try ModelFile(MappedFile(path: path)))
  }

  /// Compares a graph with what it is as ONNX: values within `tolerance` steps of the output's scale, nearly all equal.
  private func check(_ net: Net, tolerance: Double = 1, equal: Double = 0.998, distinct: Int = 20) throws {
    var net = net
    let again = try write(net.graph).graph
    var shape = net.graph.type(of: net.graph.inputs[0]).shape
    shape[0] = 3
    let input = net.floats(shape, 3)
    let expected = try GraphEvaluation.outputs(of: net.graph, inputs: [input])
    let repeated = try GraphEvaluation.outputs(of: again, inputs: [input])
    #expect(expected.count == repeated.count)
    for (index, output) in net.graph.outputs.enumerated() {
      let (a, b) = (expected[index].doubles(), repeated[index].doubles())
      #expect(expected[index].shape == repeated[index].shape)
      let producer = net.graph.producer(of: output)
      guard producer?.op is DequantizeLinear,
        let scale = producer?.inputs[0].flatMap({ net.graph.type(of: $0).quantization?.scale })
      else {
        // A float output has no steps: float32 rounds sums of products.
        let largest = a.map(abs).max() ?? 0
        for (x, y) in zip(a, b) { #expect(abs(x - y) <= 1e-6 * largest) }
        continue
      }
      let steps = zip(a, b).map { abs($0 - $1) / Double(scale) }
      #expect((steps.max() ?? 0) < tolerance + 0.01)
      #expect(Double(steps.count { $0 < 0.01 }) >= equal * Double(steps.count))
      #expect(Set(a).count > distinct, "the values say too little")
    }
  }

  static let step = Quantization(scale: 0.11, zeroPoint: 5)

  static let outputs: [Int8Output] = [
    Int8Output(step), Int8Output(step, clamp: (0, .infinity)), Int8Output(step, clamp: (0, 6)),
    Int8Output(step, clamp: (-1.2, 3.3)),
    Int8Output(Quantization(scale: 6 / 255, zeroPoint: -128), clamp: (0, 6)),
  ]

  static let functions: [UnaryFunction] = [
    .silu, .hardSwish, .sigmoid, .leakyRelu(alpha: 0.1), .elu(alpha: 1), .clip(lower: -2, upper: 3),
  ]

  // MARK: Layers

  @Test(arguments: outputs) func convolution(output: Int8Output) throws {
    var net = try Net([1, 4, 9, 8])
    let w = net.weights([6, 4, 3, 3])
    let window = Window(kernel: [3, 3], strides: [2, 1], pads: [1, 0, 1, 2])
    try net.finish(net.add(ConvInt8(window: window, group: 1, output: output), net.x, w[0], w[1], w[2]))
    try check(net)
  }

  @Test func depthwiseWithoutBias() throws {
    var net = try Net([1, 5, 9, 9])
    let w = net.weights([5, 1, 3, 3])
    let window = Window(kernel: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2])
    try net.finish(net.add(ConvInt8(window: window, group: 5, output: Int8Output(Self.step)), net.x, w[0], w[1]))
    try check(net)
  }

  /// A function's table takes the quantized argument; a step there may be several of the output's.
  @Test(arguments: functions) func convolutionWithFunction(function: UnaryFunction) throws {
    var net = try Net([1, 4, 8, 8])
    let w = net.weights([6, 4, 1, 1])
    let output = Int8Output(Quantization(scale: 0.0397, zeroPoint: -90), function: function, of: Self.step)
    try net.finish(
      net.add(ConvInt8(window: Window(kernel: [1, 1]), group: 1, output: output), net.x, w[0], w[1], w[2]))
    try check(net, tolerance: 3)
  }

  @Test func convolutionToFloat() throws {
    var net = try Net([1, 4, 5, 5])
    let w = net.weights([6, 4, 3, 3])
    try net.finish(net.add(ConvInt8(window: Window(kernel: [3, 3]), group: 1, output: nil), net.x, w[0], w[1], w[2]))
    try check(net)
  }

  @Test(arguments: [nil] + outputs) func product(output: Int8Output?) throws {
    var net = try Net([1, 40])
    let w = net.weights([30, 40])
    try net.finish(net.add(GemmInt8(output: output), net.x, w[0], w[1], w[2]))
    try check(net)
  }

  /// Over the last dimension of whatever there is.
  @Test(arguments: [[1, 7, 40], [1, 3, 5, 40]], [nil] + outputs) func productOfTokens(
    shape: [Int], output: Int8Output?
  ) throws {
    var net = try Net(shape)
    let w = net.weights([30, 40])
    try net.finish(net.add(GemmInt8(output: output), net.x, w[0], w[1], w[2]))
    try check(net)
  }

  /// Sums times alpha; with an int8 output or the bare numbers.
  @Test(arguments: [nil] + outputs, [1, 0.35] as [Float]) func productOfActivations(
    output: Int8Output?, alpha: Float
  ) throws {
    var net = try Net([1, 3, 9, 20], Quantization(scale: 0.02, zeroPoint: -11))
    let other = try net.other(Quantization(scale: 0.008, zeroPoint: 0))
    let turned = try net.add(Transpose(perm: [0, 1, 3, 2]), other, name: "turned")
    try net.finish(net.add(MatMulInt8(alpha: alpha, output: output), net.x, turned))
    try check(net, equal: 0.99)
  }

  // MARK: Other operators

  @Test(arguments: outputs) func sum(output: Int8Output) throws {
    var net = try Net([1, 3, 12, 12])
    let other = try net.other()
    try net.finish(net.add(AddInt8(output: output), net.x, other))
    // Both scales are coarse numbers: some sums lie on the middle between two steps.
    try check(net, equal: 0.99)
  }

  @Test(arguments: [[1, 3, 12, 12], [1, 3, 1, 1]]) func productOfTwo(shape: [Int]) throws {
    var net = try Net([1, 3, 12, 12])
    var other = try net.other()
    if shape != [1, 3, 12, 12] {
      other = try net.add(
        AveragePoolInt8(window: nil, output: Quantization(scale: 0.003, zeroPoint: -7)), other, name: "pooled")
    }
    try net.finish(net.add(MulInt8(output: Int8Output(Quantization(scale: 0.01, zeroPoint: 3))), net.x, other))
    try check(net, equal: 0.99)
  }

  @Test func concatenation() throws {
    var net = try Net([1, 3, 8, 8])
    let other = try net.other()
    let output = Quantization(scale: 0.023, zeroPoint: -11)
    try net.finish(net.add(ConcatInt8(output: output), net.x, other, net.x))
    try check(net, equal: 0.99)
  }

  @Test(arguments: functions) func lookup(function: UnaryFunction) throws {
    var net = try Net([1, 300])
    try net.finish(net.add(LookupInt8(function, output: Quantization(scale: 0.031, zeroPoint: -40)), net.x))
    try check(net)
  }

  @Test func averageOfTheImage() throws {
    var net = try Net([1, 200, 7, 5])
    try net.finish(net.add(AveragePoolInt8(window: nil, output: Quantization(scale: 0.004, zeroPoint: 9)), net.x))
    try check(net, equal: 0.99)
  }

  /// With ceil_mode windows end beyond the image and its padding: 8 = 1 + 2 * 3 + 1, with stride 3 the last begins at
  /// 5.
  static let pools: [(Window, Bool, Bool)] = [false, true].flatMap { includesPadding in
    [
      (Window(kernel: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0]), false, includesPadding),
      (Window(kernel: [3, 3], strides: [2, 2]), true, includesPadding),
      (Window(kernel: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1]), true, includesPadding),
      (Window(kernel: [2, 2], strides: [3, 3]), true, includesPadding),
      (Window(kernel: [3, 3], dilations: [2, 2], pads: [2, 2, 2, 2]), false, includesPadding),
    ]
  }

  @Test(arguments: pools) func averages(window: Window, ceiling: Bool, includesPadding: Bool) throws {
    var net = try Net([1, 12, 8, 10])
    let pool = AveragePoolInt8(
      window: window, ceiling: ceiling, countIncludesPadding: includesPadding,
      output: Quantization(scale: 0.0173, zeroPoint: 4))
    try net.finish(net.add(pool, net.x))
    try check(net, equal: 0.99)
  }

  static let movers: [any Operator] = [
    MaxPool(window: Window(kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])), GlobalMaxPool(),
    Transpose(perm: [0, 2, 3, 1]), Reshape(shape: [0, -1]), ChannelShuffle(groups: 2), DepthToSpace(block: 2),
    Pad(pads: [0, 0, 1, 0, 0, 0, 2, 1]), Pad(pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: .reflect),
    Slice(starts: [1], ends: [7], axes: [1], steps: [2]), Resize(scales: [2, 2]),
  ]

  /// The same integers come out, whatever moved them.
  @Test(arguments: movers.indices) func movedElements(index: Int) throws {
    var net = try Net([1, 8, 6, 6])
    try net.finish(net.add(Self.movers[index], net.x))
    try check(net, tolerance: 0, equal: 1, distinct: 2)
  }

  @Test func splitAndUsedTwice() throws {
    var net = try Net([1, 8, 6, 6])
    let parts = try net.graph.add(
      Split(axis: 1, sizes: [4, 4]), name: "split", inputs: [net.x], outputNames: ["left", "right"])
    let output = Int8Output(Quantization(scale: 0.037, zeroPoint: 0))
    try net.finish(net.add(AddInt8(output: output), parts[0], parts[1]))
    net.graph.addOutput(try net.add(DequantizeLinear(), parts[1], name: "right_real"))
    try check(net, equal: 0.99)
  }

  // MARK: Structure

  /// A node with its inputs: constants spelled out, other values by the operator that makes them.
  private func lines(_ file: ModelFile) throws -> [String] {
    var constants: [String: Tensor] = [:]
    for record in file.graph.initializers { constants[record.name] = try record.tensor(file.file, external: nil) }
    return file.graph.nodes.map { node in
      let inputs = node.inputs.map { name in
        guard let tensor = constants[name] else { return name }
        guard tensor.count <= 4 else { return "\(tensor.type)" }
        let values = tensor.integers().map { "\($0)" } ?? "\(tensor.floats() ?? [])"
        return "\(tensor.element)\(values)"
      }
      let attributes = node.attributes.values.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      return "\(node.outputs[0]) = \(node.opType)(\(inputs.joined(separator: ", ")))\(attributes)"
    }
  }

  @Test func layerAsNodes() throws {
    var net = try Net([1, 4, 5, 5], Quantization(scale: 0.5, zeroPoint: -3))
    let w = net.graph.addConstant("w", Tensor([Int8](repeating: 3, count: 72), shape: [2, 4, 3, 3]))
    let scales = net.graph.addConstant("w_scale", Tensor([Float(0.25), 0.125]))
    let bias = net.graph.addConstant("b", Tensor([Int32(7), -9]))
    let output = Int8Output(Quantization(scale: 0.25, zeroPoint: -100), clamp: (0, 6))
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    let y = try net.add(ConvInt8(window: window, group: 1, output: output), net.x, w, scales, bias, name: "conv")
    try net.finish(net.add(MaxPool(window: Window(kernel: [5, 5])), y, name: "pool"))
    let file = try write(net.graph).file
    #expect(file.opsets == ["": 17])
    #expect(
      try lines(file) == [
        "x = QuantizeLinear(input, float32[0.5], int8[-3])",
        "conv/dequantized = DequantizeLinear(x, float32[0.5], int8[-3])",
        "conv/weights = DequantizeLinear(int8[2,4,3,3], float32[0.25, 0.125], int8[0, 0]) axis=0",
        "conv/bias = DequantizeLinear(int32[7, -9], float32[0.125, 0.0625], int32[0, 0]) axis=0",
        "conv/result = Conv(conv/dequantized, conv/weights, conv/bias) kernel_shape=[3, 3] pads=[1, 1, 1, 1]",
        "conv/clamped = Clip(conv/result, float32[0.0], float32[6.0])",
        "conv_y = QuantizeLinear(conv/clamped, float32[0.25], int8[-100])",
        "pool/dequantized = DequantizeLinear(conv_y, float32[0.25], int8[-100])",
        "pool/moved = MaxPool(pool/dequantized) kernel_shape=[5, 5]",
        "pool_y = QuantizeLinear(pool/moved, float32[0.25], int8[-100])",
        "output_y = DequantizeLinear(pool_y, float32[0.25], int8[-100])",
      ])
  }

  /// Bounds that int8 has anyway are not written: a runtime takes Conv and QuantizeLinear together.
  @Test func reluIsTheZeroPoint() throws {
    for (zeroPoint, opTypes) in [(-128, ["Conv"]), (-100, ["Conv", "Relu"])] {
      var net = try Net([1, 4, 5, 5])
      let w = net.weights([2, 4, 3, 3])
      let output = Int8Output(Quantization(scale: 0.25, zeroPoint: zeroPoint), clamp: (0, .infinity))
      try net.finish(
        net.add(ConvInt8(window: Window(kernel: [3, 3]), group: 1, output: output), net.x, w[0], w[1], w[2]))
      #expect(try write(net.graph).file.graph.nodes.map(\.opType).filter { !$0.hasSuffix("Linear") } == opTypes)
    }
  }

  @Test func functionAsNodes() throws {
    var net = try Net([1, 4])
    let w = net.weights([5, 4])
    let output = Int8Output(Quantization(scale: 0.5, zeroPoint: -120), function: .silu, of: Self.step)
    try net.finish(net.add(GemmInt8(output: output), net.x, w[0], w[1], w[2], name: "fc"))
    #expect(
      try lines(write(net.graph).file).dropFirst(4) == [
        "fc/result = Gemm(fc/dequantized, fc/weights, fc/bias) transB=1",
        "fc/argument = QuantizeLinear(fc/result, float32[0.11], int8[5])",
        "fc/argument_dequantized = DequantizeLinear(fc/argument, float32[0.11], int8[5])",
        "fc/sigmoid = Sigmoid(fc/argument_dequantized)",
        "fc/activation = Mul(fc/argument_dequantized, fc/sigmoid)",
        "fc_y = QuantizeLinear(fc/activation, float32[0.5], int8[-120])",
        "output_y = DequantizeLinear(fc_y, float32[0.5], int8[-120])",
      ])
  }

  /// However many use a value, it is dequantized once; its scale is one constant.
  @Test func valuesUsedByMany() throws {
    var net = try Net([1, 4, 5, 5])
    let left = try net.add(GlobalMaxPool(), net.x, name: "left")
    let right = try net.add(AveragePoolInt8(window: nil, output: Self.step), net.x, name: "right")
    net.graph.addOutput(try net.add(Unary(.tanh), net.add(DequantizeLinear(), net.x, name: "real"), name: "tanh"))
    try net.finish(net.add(AddInt8(output: Int8Output(Self.step)), left, right))
    let file = try write(net.graph).file
    #expect(file.graph.nodes.count { $0.opType == "DequantizeLinear" && $0.inputs[0] == "x" } == 1)
    // Two quantizations.
    #expect(file.graph.initializers.count == 4)
    try check(net, equal: 0.99, distinct: 4)
  }

  @Test func weightsThatAreNotConstant() throws {
    var net = try Net([1, 4])
    let w = net.graph.addInput("w", TensorType(.int8, [5, 4]))
    let scales = net.weights([5, 4])[1]
    try net.finish(net.add(GemmInt8(output: nil), net.x, w, scales, name: "fc"))
    let error = #expect(throws: Refusal.self) { try write(net.graph) }
    #expect(error?.reason == "weights that are computed at run time are not supported")
    #expect(error?.place?.node == "fc")
  }
}

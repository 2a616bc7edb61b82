import IR
import Math
import NumPyFiles
import Operators
import Passes
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// Models that quantize themselves, as files hold them, taken over into int8.
@Suite struct TakeOverTests {
  private func takenOver(_ graph: Graph) throws -> (graph: Graph, log: PassLog) {
    var result = graph
    var log = try Pipeline.run(PassList.simplify + PassList.fuseClamps, on: &result)
    log.append(try Pipeline.run(PassList.takeOver, on: &result))
    return (result, log)
  }

  private func takenOver(case name: String) throws -> (graph: Graph, log: PassLog) {
    try takenOver(try ONNXReader.read(path: Fixtures.model(name)).graph)
  }

  /// How often each operator is there.
  private func operators(_ graph: Graph) -> [String: Int] {
    Dictionary(graph.nodesInOrder().map { ($0.op.name, 1) }, uniquingKeysWith: +)
  }

  /// Whether a graph's outputs are what ONNX Runtime computed, unoptimised.
  ///
  /// - Parameter rounding: what rounding the last bias to int32 may add
  private func expectReference(_ graph: Graph, _ name: String, rounding: Double = 0) throws {
    let (inputs, expected) = try Fixtures.arrays(name)
    for (output, reference) in zip(try GraphEvaluation.outputs(of: graph, inputs: inputs), expected) {
      let (values, wanted) = (output.doubles(), reference.doubles())
      #expect(output.shape == reference.shape && values.count == wanted.count)
      let scale = wanted.map(\.magnitude).max() ?? 0
      let worst = zip(values, wanted).map { ($0 - $1).magnitude }.max() ?? 0
      #expect(worst <= 1e-5 * scale + rounding, "\(name): \(worst) of \(scale)")
    }
  }

  // MARK: Networks

  @Test func staticNetworkIsInt8() throws {
    let (graph, log) = try takenOver(case: "qdq_static")
    #expect(
      operators(graph) == [
        "QuantizeLinear": 1, "ConvInt8": 3, "LookupInt8": 1, "MulInt8": 1, "ConcatInt8": 1, "AddInt8": 1,
        "MaxPool": 1, "AveragePoolInt8": 1, "Reshape": 1, "GemmInt8": 1, "DequantizeLinear": 1,
      ])
    #expect(log.entries.allSatisfy { $0.outcome != .refused })
    try expectReference(graph, "qdq_static")
  }

  @Test func trainedNetworkIsInt8() throws {
    let (graph, log) = try takenOver(case: "qdq_trained")
    let found = operators(graph)
    #expect(found["ConvInt8"] == 2 && found["GemmInt8"] == 1 && found["AddInt8"] == 1, "\(found)")
    #expect(found["Conv"] == nil && found["Gemm"] == nil)
    #expect(log.entries.allSatisfy { $0.outcome != .refused })
    // Each output of a layer whose scale training took from its largest weight has one weight of -128.
    let weights = graph.valueIDs.compactMap { graph.constant($0) }.filter { $0.element == .int8 }
    #expect(weights.contains { $0.elements(as: Int8.self).contains(.min) })
    let last = try #require(graph.nodesInOrder().last { $0.op is GemmInt8 })
    let scale = try #require(last.inputs[0].flatMap { graph.type(of: $0).quantization?.scale })
    let steps = try #require(graph.constant(last.inputs[2])?.doubles().max())
    try expectReference(graph, "qdq_trained", rounding: Double(scale) * steps / 2)
  }

  @Test(arguments: [
    ("qlinearconv", "ConvInt8"), ("qgemm", "GemmInt8"), ("qlinearadd", "AddInt8"),
    ("qlinearmul", "MulInt8"), ("qlinearconcat", "ConcatInt8"), ("qlinearsigmoid", "LookupInt8"),
    ("qlinearleakyrelu", "LookupInt8"), ("qlinearglobalaveragepool", "AveragePoolInt8"),
    ("qlinearaveragepool", "AveragePoolInt8"), ("qdq_convolution", "ConvInt8"),
  ]) func quantizedOperatorIsInt8(name: String, form: String) throws {
    let (graph, _) = try takenOver(case: name)
    let found = operators(graph)
    #expect(found[form] == 1 && found["DequantizeLinear"] == 1, "\(found)")
    try expectReference(graph, name)
  }

  /// Its uint8 weights reach further from their zero point than int8 does.
  @Test func asymmetricWeightsStayFloat() throws {
    let (graph, log) = try takenOver(case: "qlinearmatmul")
    let found = operators(graph)
    #expect(found["Gemm"] == 1 && found["GemmInt8"] == nil, "\(found)")
    #expect(log.entries.contains { $0.outcome == .refused && $0.detail.contains("weights are not symmetric") })
    try expectReference(graph, "qlinearmatmul")
  }

  @Test(arguments: ["convinteger_dynamic", "matmulinteger_dynamic", "matmulnbits_4", "dequantizelinear_blocked"])
  func whatHasNoScaleStaysFloat(name: String) throws {
    let (graph, log) = try takenOver(case: name)
    #expect(operators(graph).keys.allSatisfy { !$0.hasSuffix("Int8") })
    let isLayer = operators(graph).keys.contains { $0 == "Conv" || $0 == "Gemm" }
    let reasons = log.entries.filter { $0.outcome == .refused && $0.pass == "take-over-quantization" }.map(\.detail)
    #expect(reasons == (isLayer ? ["its input is not quantized"] : []))
    try expectReference(graph, name)
  }

  // MARK: Round trip

  /// An int8 network written as QDQ becomes the same int8 operators with the same numbers, to the last bit.
  @Test func writtenNetworkComesBack() throws {
    let path = Fixtures.root + "/fixtures/golden/qdq"
    let first = try takenOver(try ONNXReader.read(path: "\(path).onnx").graph).graph
    let folder = try TemporaryFolder()
    try ONNXWriter.write(first, to: "\(folder.path)/model.onnx")
    let again = try takenOver(try ONNXReader.read(path: "\(folder.path)/model.onnx").graph).graph
    #expect(first.nodeCount == again.nodeCount)
    for (node, twin) in zip(first.nodesInOrder(), again.nodesInOrder()) {
      #expect(node.name == twin.name && node.op.isEqual(to: twin.op), "\(node.name)")
      for (constant, other) in zip(first.operands(of: node), again.operands(of: twin)) {
        guard let tensor = constant?.constant else { continue }
        #expect(other?.constant?.isIdentical(to: tensor) == true, "\(node.name)")
      }
    }
    let found = operators(first)
    #expect(found["ConvInt8"] == 4 && found["GemmInt8"] == 2 && found["LookupInt8"] == 1 && found["Conv"] == nil)
    let arrays = try NumPyFile.read(path: "\(path).npz")
    let input = try #require(arrays.first { $0.name == "input" }).tensor
    let outputs = try GraphEvaluation.outputs(of: first, inputs: [input])
    for (output, id) in zip(outputs, first.outputs) {
      let expected = try #require(arrays.first { $0.name == first[id].name }).tensor
      // Integers on their grid, or logits.
      let scale = expected.doubles().map(\.magnitude).max() ?? 0
      #expect(zip(output.doubles(), expected.doubles()).allSatisfy { ($0 - $1).magnitude <= 1e-6 * scale })
    }
  }

  /// Attention as int8 networks hold it: q k^T times a factor, to float for Softmax or to int8, k turned.
  private func attention(output: Int8Output?, zeroPoint: Int = 0) throws -> Graph {
    var graph = Graph(name: "attention")
    func quantized(_ name: String, _ quantization: Quantization) throws -> ValueID {
      let x = graph.addInput(name, TensorType(.float32, [1, 2, 5, 8]))
      return try graph.add(QuantizeLinear(quantization), name: "\(name)_quantized", inputs: [x])[0]
    }
    let q = try quantized("q", Quantization(scale: 0.02, zeroPoint: -11))
    let k = try quantized("k", Quantization(scale: 0.008, zeroPoint: zeroPoint))
    let turned = try graph.add(Transpose(perm: [0, 1, 3, 2]), name: "turned", inputs: [k])[0]
    if zeroPoint == 0 {
      let y = try graph.add(MatMulInt8(alpha: 0.375, output: output), name: "scores", inputs: [q, turned])[0]
      graph.addOutput(output == nil ? y : try graph.add(DequantizeLinear(), name: "shown", inputs: [y])[0])
    } else {
      let left = try graph.add(DequantizeLinear(), name: "left", inputs: [q])[0]
      let right = try graph.add(DequantizeLinear(), name: "right", inputs: [turned])[0]
      graph.addOutput(try graph.add(MatMul(), name: "scores", inputs: [left, right])[0])
    }
    return graph
  }

  @Test(arguments: [
    nil, Int8Output(Quantization(scale: 0.03, zeroPoint: 4)),
    Int8Output(Quantization(scale: 0.01, zeroPoint: 2), function: .tanh, of: Quantization(scale: 0.03, zeroPoint: 4)),
  ]) func writtenProductComesBack(output: Int8Output?) throws {
    let graph = try attention(output: output)
    let folder = try TemporaryFolder()
    try ONNXWriter.write(graph, to: "\(folder.path)/model.onnx")
    let again = try takenOver(try ONNXReader.read(path: "\(folder.path)/model.onnx").graph).graph
    #expect(graph.nodesInOrder().map(\.name) == again.nodesInOrder().map(\.name))
    for (node, twin) in zip(graph.nodesInOrder(), again.nodesInOrder()) {
      #expect(node.op.isEqual(to: twin.op), "\(node.name)")
    }
    let inputs = [11, 47].map { offset in
      let values: [Float] = (0..<80).map { index in Float((index * 37 + offset) % 101 - 50) / 50 }
      return Tensor(values, shape: [1, 2, 5, 8])
    }
    let numbers = try GraphEvaluation.outputs(of: again, inputs: inputs)[0]
    #expect(try GraphEvaluation.outputs(of: graph, inputs: inputs)[0].isIdentical(to: numbers))
    #expect(Set(numbers.doubles()).count > 10)
  }

  // MARK: What is not taken over

  @Test func productsOfTwoZeroPointsStayFloat() throws {
    let (result, log) = try takenOver(attention(output: nil, zeroPoint: 3))
    #expect(operators(result)["MatMul"] == 1)
    #expect(
      log.entries.first { $0.node == "scores" && $0.pass == "take-over-quantization" }?.detail
        == "its second operand has the zero point 3, int8 products take 0")
  }

  private func layer(
    weights: [Float], grid: Grid, bias: [Float]? = nil, input: Quantization = Quantization(scale: 0.1, zeroPoint: 3),
    isShown: Bool = true
  ) throws -> Graph {
    var graph = Graph(name: "layer")
    let x = graph.addInput("x", TensorType(.float32, [1, 2, 3, 3]))
    let q = try graph.add(QuantizeLinear(input), name: "q", inputs: [x])[0]
    let real = try graph.add(DequantizeLinear(), name: "real", inputs: [q])[0]
    let w = graph.addConstant("w", Tensor(weights, shape: [weights.count / 2, 2, 1, 1]).on(grid))
    let b = bias.map { graph.addConstant("b", Tensor($0)) }
    let y = try graph.add(Conv(window: Window(kernel: [1, 1])), name: "conv", inputs: [real, w, b])[0]
    if isShown { graph.addOutput(y) }
    return graph
  }

  private func refusal(_ graph: Graph) throws -> String? {
    let (result, log) = try takenOver(graph)
    let reason = log.entries.first { $0.pass == "take-over-quantization" && $0.outcome == .refused }?.detail
    #expect((result.nodesInOrder().contains { $0.op is ConvInt8 }) == (reason == nil))
    return reason
  }

  @Test func weightsOffTheirGridStayFloat() throws {
    #expect(try refusal(layer(weights: [0.5, -0.25], grid: Grid(steps: [0.25]))) == nil)
    #expect(
      try refusal(layer(weights: [0.5, -0.26], grid: Grid(steps: [0.25])))
        == "its weights were changed after they were quantized")
    #expect(
      try refusal(layer(weights: [0, 32], grid: Grid(steps: [0.25])))
        == "its weights are not symmetric: one is 128 steps, int8 has -128...127")
    #expect(try refusal(layer(weights: [-32, 31], grid: Grid(steps: [0.25]))) == nil)
    #expect(try refusal(layer(weights: [-32, -32], grid: Grid(steps: [0.25]))) == nil)
    #expect(
      try refusal(layer(weights: [1, 2, 3, 4], grid: Grid(steps: [1, 1], axis: 1)))
        == "its weights have scales along dimension 1, int8 has one for each output")
    #expect(
      try refusal(layer(weights: [1, 2], grid: Grid(steps: [])))
        == "its weights have scales finer than one for each output")
    #expect(
      try refusal(layer(weights: [1, 2], grid: Grid(steps: [1]), bias: [1e10]))
        == "a bias does not fit int32 at the scale of its products")
  }

  @Test func scalesTooFarApartStayFloat() throws {
    let tiny = Quantization(scale: 1e-30, zeroPoint: 0)
    #expect(
      try refusal(layer(weights: [1e-20, 2e-20], grid: Grid(steps: [1e-20]), input: tiny))
        == "its scales lie too far apart")
  }

  /// What two readers see, or a model shows, is computed in float and then quantized.
  @Test func valuesWithOtherReadersAreQuantizedAfterwards() throws {
    var graph = try layer(weights: [1, 2], grid: Grid(steps: [1]), bias: [0.5])
    let y = graph.outputs[0]
    let q = try graph.add(QuantizeLinear(Quantization(scale: 0.3, zeroPoint: 0)), name: "last", inputs: [y])[0]
    graph.addOutput(try graph.add(DequantizeLinear(), name: "shown", inputs: [q])[0])
    let (result, _) = try takenOver(graph)
    #expect(
      result.nodesInOrder().map(\.op.name) == ["QuantizeLinear", "ConvInt8", "QuantizeLinear", "DequantizeLinear"])
    let input = Tensor((0..<18).map { Float($0) / 7 - 1 }, shape: [1, 2, 3, 3])
    let before = try GraphEvaluation.outputs(of: graph, inputs: [input])
    let after = try GraphEvaluation.outputs(of: result, inputs: [input])
    for (a, b) in zip(before, after) {
      #expect(zip(a.doubles(), b.doubles()).allSatisfy { ($0 - $1).magnitude < 1e-5 })
    }
  }

  /// What is moved before it is quantized has one reader all the way, so it is quantized where it is made. The bias has
  /// whole steps, and no value is a tie of the output's.
  @Test func quantizationReachesBackBehindMoves() throws {
    var graph = try layer(weights: [1, 2, -3, 4], grid: Grid(steps: [1]), bias: [0.5, -0.2], isShown: false)
    let y = try #require(graph.nodesInOrder().last).outputs[0]
    let rows = try graph.add(Reshape(shape: [2, 9]), name: "rows", inputs: [y])[0]
    let turned = try graph.add(Transpose(perm: [1, 0]), name: "turned", inputs: [rows])[0]
    let q = try graph.add(QuantizeLinear(Quantization(scale: 0.31, zeroPoint: 5)), name: "last", inputs: [turned])[0]
    graph.addOutput(try graph.add(DequantizeLinear(), name: "shown", inputs: [q])[0])
    let (result, _) = try takenOver(graph)
    let names = result.nodesInOrder().map(\.op.name)
    #expect(names == ["QuantizeLinear", "ConvInt8", "Reshape", "Transpose", "DequantizeLinear"])
    let input = Tensor((0..<18).map { Float($0) / 7 - 1 }, shape: [1, 2, 3, 3])
    let before = try GraphEvaluation.outputs(of: graph, inputs: [input])[0].doubles()
    let after = try GraphEvaluation.outputs(of: result, inputs: [input])[0].doubles()
    #expect(zip(before, after).allSatisfy { ($0 - $1).magnitude < 1e-5 } && Set(after).count > 5)
  }

  @Test func floatGraphsAreLeftAlone() throws {
    let graph = try ONNXReader.read(path: Fixtures.root + "/fixtures/lesion_cnn.onnx").graph
    #expect(!graph.isQuantized)
    var result = graph
    let log = try Pipeline.run(PassList.takeOver, on: &result)
    #expect(log.entries.isEmpty && result.description == graph.description)
  }
}

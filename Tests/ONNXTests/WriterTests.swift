import IR
import Math
import Operators
import Tensors
import TestSupport
import Testing

@testable import ONNX

/// Graphs as passes leave them, written as ONNX and read again.
@Suite struct WriterTests {
  private static func noise(_ shape: [Int], seed: UInt64 = 1) -> Tensor {
    var state = seed
    return Tensor(
      (0..<shape.reduce(1, *)).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) / 1_000_000_000
      }, shape: shape)
  }

  /// The graph after writing and reading, when both give the same bits for the same input.
  private func roundTrip(_ graph: Graph, batch: Int = 1) throws -> Graph {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    try ONNXWriter.write(graph, to: path)
    let again = try ONNXReader.read(path: path).graph
    var shape = graph.type(of: graph.inputs[0]).shape
    if graph.hasFreeBatch { shape[0] = batch }
    let input = Self.noise(shape, seed: 99)
    let outputs = try GraphEvaluation.outputs(of: graph, inputs: [input])
    let repeated = try GraphEvaluation.outputs(of: again, inputs: [input])
    for (output, other) in zip(outputs, repeated) { #expect(output.isIdentical(to: other)) }
    #expect(again.hasFreeBatch == graph.hasFreeBatch)
    return again
  }

  private func graph(_ shape: [Int], freeBatch: Bool = false) -> (Graph, ValueID) {
    var graph = Graph(name: "test")
    graph.hasFreeBatch = freeBatch
    let x = graph.addInput("x", TensorType(.float32, shape))
    return (graph, x)
  }

  static let functions: [UnaryFunction] = [
    .relu, .relu6, .clip(lower: -1, upper: .infinity), .clip(lower: -.infinity, upper: 0.5), .sigmoid, .tanh,
    .hardSigmoid(alpha: 0.25, beta: 0.4), .hardSwish, .leakyRelu(alpha: 0.1), .elu(alpha: 0.7), .gelu, .erf, .exp,
    .softplus, .mish, .abs, .neg, .floor, .ceil, .round, .selu(alpha: 1.5, gamma: 0.9), .sign, .sin, .atan, .asinh,
  ]

  @Test(arguments: functions) func fusedActivations(function: UnaryFunction) throws {
    var (graph, x) = graph([1, 3, 5, 5], freeBatch: true)
    let w = graph.addConstant("w", Self.noise([4, 3, 3, 3]))
    let b = graph.addConstant("b", Self.noise([4], seed: 2))
    let scale = graph.addConstant("scale", Self.noise([4], seed: 3))
    let conv = try graph.add(
      Conv(window: Window(kernel: [3, 3], pads: [1, 1, 1, 1]), activation: function), name: "conv", inputs: [x, w, b])
    let scaled = try graph.add(ScaleShift(activation: function), name: "scaled", inputs: [conv[0], scale, b])
    let sum = try graph.add(Binary(.add, activation: function), name: "sum", inputs: [conv[0], scaled[0]])
    let y = try graph.add(Unary(function), name: "unary", inputs: [sum[0]])
    graph.addOutput(y[0])
    let again = try roundTrip(graph, batch: 2)
    let functions = again.nodesInOrder().compactMap { ($0.op as? Unary)?.function }
    #expect(functions == [function, function, function, function])
  }

  /// x * sigmoid(x) is two nodes in ONNX; a pass makes it one function again.
  @Test func siluBecomesTwoNodes() throws {
    var (graph, x) = graph([1, 8])
    graph.addOutput(try graph.add(Unary(.silu), name: "swish", inputs: [x])[0])
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    try ONNXWriter.write(graph, to: path)
    let again = try ONNXReader.read(path: path).graph
    #expect(
      again.description == """
        x: float32[1,8]
        swish/sigmoid = Unary(x) function="sigmoid" -> float32[1,8]
        swish_out0 = Binary(x, swish/sigmoid) function="mul" -> float32[1,8]
        return swish_out0
        """)
  }

  @Test func gemmOfManyDimensions() throws {
    for shape in [[1, 6], [1, 4, 6], [1, 2, 3, 6]] {
      for transposed in [true, false] {
        var (graph, x) = graph(shape, freeBatch: true)
        let w = graph.addConstant("w", Self.noise(transposed ? [5, 6] : [6, 5]))
        let b = graph.addConstant("b", Self.noise([5]))
        graph.addOutput(
          try graph.add(Gemm(transB: transposed, activation: .relu), name: "fc", inputs: [x, w, b])[0])
        _ = try roundTrip(graph, batch: 3)
      }
    }
  }

  @Test func channelShuffle() throws {
    var (graph, x) = graph([1, 6, 2, 2], freeBatch: true)
    graph.addOutput(try graph.add(ChannelShuffle(groups: 3), name: "shuffle", inputs: [x])[0])
    _ = try roundTrip(graph, batch: 2)
  }

  static let resizes: [Resize] = [
    Resize(sizes: [7, 4], mode: .linear), Resize(scales: [1.5, 0.7], mode: .linear),
    Resize(sizes: [4, 3], scales: [1.5, 0.7], mode: .nearest),
  ]

  @Test(arguments: resizes) func resize(op: Resize) throws {
    var (graph, x) = graph([1, 2, 3, 5], freeBatch: true)
    graph.addOutput(try graph.add(op, name: "r", inputs: [x])[0])
    _ = try roundTrip(graph, batch: 2)
  }

  @Test func resizeWithScalesOfItsOwn() throws {
    var (graph, x) = graph([1, 2, 3, 5])
    graph.addOutput(try graph.add(Resize(sizes: [9, 9], scales: [2, 2]), name: "r", inputs: [x])[0])
    let folder = try TemporaryFolder()
    let error = #expect(throws: Refusal.self) { try ONNXWriter.write(graph, to: "\(folder.path)/model.onnx") }
    #expect(error?.reason == "its sizes [9, 9] are not those its scales [2.0, 2.0] give")
  }

  /// Outputs that no node produces, or that are one value twice, get nodes of their own.
  @Test func outputsOfTheirOwn() throws {
    var (graph, x) = graph([1, 3])
    let y = try graph.add(Unary(.relu), name: "relu", inputs: [x])
    let c = graph.addConstant("c", Tensor([Float(1), 2]))
    for output in [y[0], y[0], x, c] { graph.addOutput(output) }
    let again = try roundTrip(graph)
    #expect(again.outputs.count == 4)
  }

  @Test func nodesOfOneName() throws {
    var (graph, x) = graph([1, 3])
    let first = try graph.add(Unary(.relu), name: "same", inputs: [x])
    graph.addOutput(try graph.add(Unary(.tanh), name: "same", inputs: [first[0]])[0])
    #expect(try roundTrip(graph).nodesInOrder().map(\.name) == ["same", "same_2"])
  }

  @Test func largeWeightsAreNotCopied() {
    var writer = WireWriter()
    let buffer = Buffer(count: 100_000)
    writer.integer(1, 8)
    writer.message(7) { graph in graph.message(5) { $0.buffer(9, buffer) } }
    writer.integer(1, 8)
    let kept = writer.pieces.filter { if case .buffer(let piece) = $0 { piece === buffer } else { false } }
    #expect(kept.count == 1)
    // Two numbers of two bytes; keys and lengths of three nested fields.
    #expect(writer.count == 4 + 3 * 4 + 100_000)
  }

  @Test func operatorsWithoutAnONNXForm() throws {
    var (graph, x) = graph([1, 3])
    graph.addOutput(try graph.add(Unformed(), name: "odd", inputs: [x])[0])
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/model.onnx"
    let error = #expect(throws: Refusal.self) { try ONNXWriter.write(graph, to: path) }
    #expect(error?.reason == "the operator has no ONNX form")
    #expect(error?.place?.node == "odd")
    #expect(throws: Refusal.self) { try MappedFile(path: path) }
  }
}

/// An operator nobody can write.
private struct Unformed: Operator {
  static let name = "Unformed"

  init() {}
  init(reading _: inout AttributeReader) throws(Refusal) {}

  func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try [inputs.required(0, "x").type]
  }

  func kernel(for _: Site) throws(Refusal) -> Kernel { Kernel { _ in } }
}

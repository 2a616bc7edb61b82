import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

/// Concatenations between layers, along every dimension: each branch has a scale of its own, ten times the other's.
@Suite struct ConcatTests {
  private static let shape = [1, 3, 6, 6]

  /// Two convolutions of one input, joined along `axis`, and a last convolution or matrix product.
  private func graph(axis: Int, _ tail: Tail) throws -> Graph {
    var graph = Graph(name: "joined")
    var random = RandomNumbers(seed: 11)
    let x = graph.addInput("x", TensorType(.float32, Self.shape))
    func conv(_ name: String, _ x: ValueID, _ outputs: Int, _ inputs: Int, scale: Float) throws
      -> ValueID
    {
      let w = graph.addConstant(
        "\(name)_w", random.tensor([outputs, inputs, 1, 1], -scale...scale))
      return try graph.add(
        Conv(window: Window(kernel: [1, 1])), name: name, inputs: [x, w], outputNames: [name])[0]
    }
    var parts = [try conv("a", x, 4, 3, scale: 1), try conv("b", x, 4, 3, scale: 10)]
    if tail == .vectors {
      parts = try parts.map {
        try graph.add(Reshape(shape: [1, 144]), name: "flat", inputs: [$0])[0]
      }
    }
    let joined = try graph.add(
      Concat(axis: axis), name: "joined", inputs: parts, outputNames: ["joined"])[0]
    switch tail {
    case .convolution:
      let channels = graph.type(of: joined).shape[1]
      graph.addOutput(try conv("last", joined, 5, channels, scale: 1))
    case .flattened, .vectors:
      let flat = try graph.add(Reshape(shape: [1, 288]), name: "all", inputs: [joined])[0]
      let w = graph.addConstant("last_w", random.tensor([5, 288], -1...1))
      graph.addOutput(try graph.add(Gemm(), name: "last", inputs: [flat, w])[0])
    }
    return graph
  }

  enum Tail: CaseIterable { case convolution, flattened, vectors }

  static let cases: [(axis: Int, tail: Tail)] = [
    (1, .convolution), (2, .convolution), (3, .convolution), (-1, .convolution), (1, .flattened),
    (2, .flattened),
    (3, .flattened), (1, .vectors), (0, .vectors),
  ]

  @Test(arguments: cases) func isLikeFloat(axis: Int, tail: Tail) throws {
    let graph = try graph(axis: axis, tail)
    let plan = try Plan(graph, math: KernelMath())
    let source = NoiseSource(shape: Self.shape, count: 12)
    let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
      source, samples: Array(0..<8), threads: 1)
    let model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run()
    #expect(model.decisions.first { $0.node == "joined" }?.precision == .int8)
    #expect(model.graph.nodesInOrder().contains { ($0.op as? ConcatInt8)?.axis == axis })
    let errors = LayerErrors(
      float: plan, floatGraph: graph, int8: try Plan(model.graph, math: KernelMath()),
      int8Graph: model.graph,
      source: source, samples: Array(8..<12))
    // 8-bit grids over ranges that are used evenly: 20 log10(256) less what a sum of two roundings costs.
    #expect(try #require(errors.signalToNoise["last_out0"] ?? errors.signalToNoise["last"]) > 30)
    #expect(try #require(errors.signalToNoise["joined"]) > 30)
  }

  /// What is joined again and again, as in dense blocks, is rounded once: all links share one scale.
  @Test func chainsShareOneScale() throws {
    var graph = Graph(name: "dense")
    var random = RandomNumbers(seed: 5)
    let x = graph.addInput("x", TensorType(.float32, Self.shape))
    func conv(_ name: String, _ x: ValueID, _ inputs: Int) throws -> ValueID {
      let w = graph.addConstant("\(name)_w", random.tensor([4, inputs, 1, 1], -1...1))
      return try graph.add(
        Conv(window: Window(kernel: [1, 1])), name: name, inputs: [x, w], outputNames: [name])[0]
    }
    var features = try conv("stem", x, 3)
    for link in 1...3 {
      let more = try conv("conv\(link)", features, 4 * link)
      features = try graph.add(
        Concat(axis: 1), name: "join\(link)", inputs: [features, more], outputNames: ["join\(link)"]
      )[0]
    }
    graph.addOutput(try conv("last", features, 16))
    let plan = try Plan(graph, math: KernelMath())
    let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
      NoiseSource(shape: Self.shape, count: 4), samples: Array(0..<4), threads: 1)
    let model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run()
    let scales = Set(model.graph.nodesInOrder().compactMap { ($0.op as? ConcatInt8)?.output })
    #expect(scales.count == 1)
    // The stem feeds a convolution beside the first link, so it keeps its own.
    let stem = model.graph.nodesInOrder().first { $0.name == "stem" }
    #expect((stem?.op as? ConvInt8)?.output?.quantization != scales.first)
  }
}

import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

/// A model with an image and a vector of numbers beside it.
@Suite struct SeveralInputsTests {
  /// An image and a vector, each with values of its own size.
  private struct Samples: SampleSource {
    let count = 12

    func write(_ index: Int, into inputs: [MutableTensorView]) -> Bool {
      var random = RandomNumbers(seed: UInt64(index) + 1)
      for (view, scale) in zip(inputs, [Float(1), 50]) {
        let tensor = random.tensor(view.shape, -scale...scale)
        tensor.withBytes { LayoutConversion.write($0, layout: .rowMajor, into: view) }
      }
      return true
    }
  }

  /// A convolution of the image, averaged, beside the vector; both into one matrix product.
  private func graph() throws -> Graph {
    var graph = Graph(name: "image and metadata")
    var random = RandomNumbers(seed: 5)
    let image = graph.addInput("image", TensorType(.float32, [1, 3, 6, 6]))
    let metadata = graph.addInput("metadata", TensorType(.float32, [1, 4]))
    let w = graph.addConstant("w", random.tensor([8, 3, 3, 3], -1...1))
    let conv = try graph.add(
      Conv(window: Window(kernel: [3, 3])), name: "conv", inputs: [image, w], outputNames: ["conv"])[
        0]
    let pooled = try graph.add(GlobalAveragePool(), name: "pool", inputs: [conv])[0]
    let flat = try graph.add(Reshape(shape: [1, 8]), name: "flat", inputs: [pooled])[0]
    let v = graph.addConstant("v", random.tensor([8, 4], -0.1...0.1))
    let embedded = try graph.add(
      Gemm(), name: "embed", inputs: [metadata, v], outputNames: ["embed"])[0]
    let joined = try graph.add(Concat(axis: 1), name: "joined", inputs: [flat, embedded])[0]
    let u = graph.addConstant("u", random.tensor([5, 16], -1...1))
    graph.addOutput(
      try graph.add(Gemm(), name: "last", inputs: [joined, u], outputNames: ["last"])[0])
    return graph
  }

  @Test func bothInputsAreCalibratedAndCompared() throws {
    let graph = try graph()
    let plan = try Plan(graph, math: KernelMath())
    let calibrator = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph))
    let observations = calibrator.run(Samples(), samples: Array(0..<8), threads: 1)
    let model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run()
    for name in ["conv", "embed", "last"] {
      #expect(model.decisions.first { $0.node == name }?.precision == .int8, "\(name)")
    }
    let threaded = calibrator.run(Samples(), samples: Array(0..<8), threads: 3)
    let same = try Quantizer(graph, observations: threaded, options: Quantizer.Options()).run()
    #expect(same.graph.description == model.graph.description)
    let errors = LayerErrors(
      float: plan, floatGraph: graph, int8: try Plan(model.graph, math: KernelMath()),
      int8Graph: model.graph,
      source: Samples(), samples: Array(8..<12))
    // An input that was not written or not calibrated would leave less than a bit.
    for name in ["conv", "embed", "last"] {
      #expect(try #require(errors.signalToNoise[name]) > 25, "\(name)")
    }
  }
}

import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing

@Suite struct BiasTests {
  /// A bias of one number stands for all outputs: the int8 layer has it for each.
  @Test func oneNumberIsTheBiasOfAllOutputs() throws {
    var graph = Graph(name: "single")
    var random = RandomNumbers(seed: 3)
    let x = graph.addInput("x", TensorType(.float32, [1, 6]))
    let w = graph.addConstant("w", random.tensor([4, 6], -1...1))
    let b = graph.addConstant("b", Tensor([Float(0.75)]))
    graph.addOutput(try graph.add(Gemm(), name: "last", inputs: [x, w, b], outputNames: ["last"])[0])
    let plan = try Plan(graph, math: KernelMath())
    let source = NoiseSource(shape: [1, 6], count: 12)
    let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
      source, samples: Array(0..<8), threads: 1)
    let model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run()
    #expect(model.decisions.map(\.precision) == [.int8])
    let errors = LayerErrors(
      float: plan, floatGraph: graph, int8: try Plan(model.graph, math: KernelMath()), int8Graph: model.graph,
      source: source, samples: Array(8..<12))
    // Where one output lacked its bias of 0.75, less than 15 dB were left.
    #expect(try #require(errors.signalToNoise["last"]) > 25)
  }
}

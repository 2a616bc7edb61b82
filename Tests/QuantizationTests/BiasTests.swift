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

  /// What rounding weights shifts is known from the mean of the channels, which matrix products have along the last
  /// dimension, whatever the rank, and convolutions along dimension 1.
  @Test(arguments: [[1, 6], [1, 5, 6], [1, 6, 6], [1, 2, 6, 6]]) func biasesTakeUpTheErrorOfRounding(
    shape: [Int]
  ) throws {
    var graph = Graph(name: "correction")
    var random = RandomNumbers(seed: 5)
    let x = graph.addInput("x", TensorType(.float32, shape))
    let w = random.tensor([4, 6], -1...1)
    graph.addOutput(
      try graph.add(Gemm(), name: "y", inputs: [x, graph.addConstant("w", w)], outputNames: ["y"])[0])
    // One sample, so that its means are those of calibration: each channel is around a number of its own.
    let rows = shape.reduce(1, *) / 6
    let values = (0..<rows * 6).map { Float($0 % 6) - 1.5 + random.float(-0.1...0.1) }
    let source = TensorSamples(samples: [[Tensor(values, shape: shape)]])
    let observations = Calibrator(
      try Plan(graph, math: KernelMath()), of: graph, observing: Quantizer.valuesToObserve(graph)
    ).run(source, samples: [0], threads: 1)
    let model = try Quantizer(graph, observations: observations, options: Quantizer.Options()).run().graph
    let layer = try #require(model.nodesInOrder().first { $0.op is GemmInt8 })
    let input = try #require(layer.inputs[0].flatMap { model.type(of: $0).quantization })
    func constant(_ index: Int) throws -> Tensor { try #require(model.constant(layer.inputs[index])) }
    let (q, scales, bias) = (try constant(1).integers() ?? [], try constant(2).doubles(), try constant(3).doubles())
    let weights = w.doubles()
    for output in 0..<4 {
      let error = (0..<6).reduce(0.0) { sum, channel in
        let mean = (0..<rows).reduce(0.0) { $0 + Double(values[$1 * 6 + channel]) } / Double(rows)
        return sum + (weights[output * 6 + channel] - scales[output] * Double(q[output * 6 + channel])) * mean
      }
      // The mean is that of float sums in units of 2^-24.
      #expect(abs(bias[output] - error / (Double(input.scale) * scales[output])) < 0.51)
    }
  }
}

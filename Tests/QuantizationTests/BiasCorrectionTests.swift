import IR
import Math
import Operators
import Quantization
import Runtime
import Tensors
import TestSupport
import Testing
import Threads

@Suite struct BiasCorrectionTests {
  /// A float graph, what its values are on samples, and networks of it.
  private struct Case {
    var graph = Graph(name: "biases")
    let plan: Plan
    let source: TensorSamples
    let quantizer: Quantizer
    let observations: [ValueID: Observation]

    init(
      _ images: [Tensor], _ make: (inout Graph, ValueID, inout RandomNumbers) throws -> ValueID
    ) throws {
      var random = RandomNumbers(seed: 91)
      let x = graph.addInput("x", TensorType(.float32, images[0].shape))
      graph.addOutput(try make(&graph, x, &random))
      plan = try Plan(graph, math: KernelMath())
      source = TensorSamples(samples: images.map { [$0] })
      observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        source, samples: Array(images.indices), threads: 1)
      quantizer = Quantizer(graph, observations: observations, options: Quantizer.Options())
    }

    func shifts(of model: QuantizedModel, threads: Int = 1) throws -> [NodeID: [Double]] {
      try BiasCorrection(
        Plan(model.graph, math: KernelMath()), of: model, source: graph, observations: observations
      ).run(source, samples: Array(source.samples.indices), threads: threads)
    }

    /// The mean of each channel of the output over samples and positions.
    func means(_ graph: Graph) throws -> [Double] {
      let executor = Executor(try Plan(graph, math: KernelMath()), workers: Workers(threads: 1))
      var sums: [Double] = []
      var count = 0
      for sample in source.samples.indices {
        _ = executor.withInputs { source.write(sample, into: $0) }
        executor.run()
        let output = executor.outputTensor(0)
        let channels = output.shape[1]
        if sums.isEmpty { sums = [Double](repeating: 0, count: channels) }
        let positions = output.count / channels
        for (index, value) in output.elements(as: Float.self).enumerated() { sums[index / positions] += Double(value) }
        count += positions
      }
      return sums.map { $0 / Double(count) }
    }
  }

  private func images(_ shape: [Int], _ range: ClosedRange<Float>, count: Int = 16) -> [Tensor] {
    var random = RandomNumbers(seed: 92)
    return (0..<count).map { _ in random.tensor(shape, range) }
  }

  private func conv(
    _ graph: inout Graph, _ x: ValueID, _ name: String, _ random: inout RandomNumbers, outputs: Int, inputs: Int,
    group: Int = 1, relu: Bool = false
  ) throws -> ValueID {
    let w = graph.addConstant("\(name)_w", random.tensor([outputs, inputs / group, 3, 3], -0.4...0.4))
    let b = graph.addConstant("\(name)_b", random.tensor([outputs], -0.2...0.2))
    let window = Window(kernel: [3, 3], pads: [1, 1, 1, 1])
    return try graph.add(
      Conv(window: window, group: group, activation: relu ? .relu : .identity), name: name, inputs: [x, w, b],
      outputNames: [name])[0]
  }

  /// One layer whose input is cut off: the shift is the formula's.
  @Test func shiftIsTheMeanThatIsMissing() throws {
    let example = try Case(images([1, 5], 0...1)) { graph, x, random in
      try graph.add(
        Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([3, 5]))], outputNames: ["y"])[0]
    }
    let x = example.graph.inputs[0]
    var quantizations = example.quantizer.quantizations(by: .minMax)
    quantizations[x] = Quantization(low: 0, high: 0.5)
    let model = try example.quantizer.run(quantizations)
    let shifts = try example.shifts(of: model)
    let layer = try #require(model.graph.nodesInOrder().first { $0.op is GemmInt8 })
    let levels = try #require(model.graph.constant(layer.inputs[1])?.doubles())
    let scales = try #require(model.graph.constant(layer.inputs[2])?.doubles())
    let quantization = try #require(quantizations[x])
    var lacks = [Double](repeating: 0, count: 5)
    for sample in example.source.samples {
      for (index, value) in try #require(sample)[0].doubles().enumerated() {
        lacks[index] += (value - quantization.real(quantization.quantize(value))) / 16
      }
    }
    let found = try #require(shifts.values.first)
    #expect(shifts.count == 1 && found.count == 3)
    for output in 0..<3 {
      let expected = (0..<5).reduce(0.0) { $0 + scales[output] * levels[output * 5 + $1] * lacks[$1] }
      // Means of float sums in units of 2^-24.
      #expect(abs(found[output] - expected) < 1e-5)
      #expect(abs(expected) > 1e-3)
    }
  }

  /// Of an image of one colour each layer's mean is known exactly, its border included.
  @Test func paddingIsNoInput() throws {
    let image = Tensor([Float](repeating: 1, count: 2 * 16), shape: [1, 2, 4, 4])
    let example = try Case([image]) { graph, x, random in
      try conv(&graph, x, "y", &random, outputs: 4, inputs: 2)
    }
    var quantizations = example.quantizer.quantizations(by: .minMax)
    quantizations[example.graph.inputs[0]] = Quantization(low: 0, high: 0.5)
    let model = try example.quantizer.run(quantizations)
    let shifts = try example.shifts(of: model)
    let corrected = try example.quantizer.run(
      quantizations, rounding: shifts.mapValues { WeightRounding(biasShifts: $0) })
    for ((float, plain), found) in zip(
      zip(try example.means(example.graph), try example.means(model.graph)), try example.means(corrected.graph))
    {
      // Weights are off by up to 0.4 / 254, of 18 of them, at inputs of 1 / 2.
      #expect(abs(found - float) < 0.015)
      #expect(abs(plain - float) > 2 * abs(found - float))
    }
  }

  /// Layer after layer, with branches, depthwise layers and clipped values between: the mean outputs come back.
  @Test func meansOfANetworkComeBack() throws {
    let example = try Case(images([1, 3, 8, 8], -1...1)) { graph, x, random in
      let a = try conv(&graph, x, "a", &random, outputs: 8, inputs: 3, relu: true)
      let b = try conv(&graph, a, "b", &random, outputs: 8, inputs: 8, group: 8, relu: true)
      let c = try conv(&graph, b, "c", &random, outputs: 8, inputs: 8, relu: true)
      let sum = try graph.add(Binary(.add), name: "sum", inputs: [a, c], outputNames: ["sum"])[0]
      return try conv(&graph, sum, "y", &random, outputs: 5, inputs: 8)
    }
    var quantizations = example.quantizer.quantizations(by: .minMax)
    for (value, quantization) in quantizations where !example.graph.isInput(value) {
      // A third of what was seen.
      let low = quantization.real(-128) / 3
      quantizations[value] = Quantization(low: low, high: low + Double(quantization.scale) * 85)
    }
    let model = try example.quantizer.run(quantizations)
    #expect(model.layers.count == 4)
    let shifts = try example.shifts(of: model)
    for threads in [2, 5] { #expect(try example.shifts(of: model, threads: threads) == shifts) }
    let corrected = try example.quantizer.run(
      quantizations, rounding: shifts.mapValues { WeightRounding(biasShifts: $0) })
    let (float, plain, found) = (
      try example.means(example.graph), try example.means(model.graph), try example.means(corrected.graph)
    )
    func distance(_ means: [Double]) -> Double {
      zip(means, float).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    #expect(distance(found) < 0.2 * distance(plain))
  }

  @Test func nothingToLearnFrom() throws {
    let example = try Case(images([1, 5], 0...1)) { graph, x, random in
      try graph.add(
        Gemm(), name: "y", inputs: [x, graph.addConstant("w", random.tensor([3, 5]))], outputNames: ["y"])[0]
    }
    let model = try example.quantizer.run(example.quantizer.quantizations(by: .minMax))
    let correction = BiasCorrection(
      try Plan(model.graph, math: KernelMath()), of: model, source: example.graph, observations: example.observations)
    #expect(try correction.run(TensorSamples(samples: [nil, nil]), samples: [0, 1], threads: 2).isEmpty)
    #expect(try correction.run(example.source, samples: [], threads: 2).isEmpty)
  }
}

import IR
import Math
import Operators
import Quantization
import Tensors
import TestSupport
import Testing

/// Sensitivities against what errors that are put into a network cost.
struct SensitivityTests {
  /// A network with a branch, a clamp, a depthwise and a strided layer, and the output it ends in.
  private struct Network {
    var model = Model()
    let samples: TensorSamples
    let layers: [String]

    init(classes: Int, _ end: (any Operator)? = nil) throws {
      let x = model.input([1, 2, 6, 6])
      let first = try model.conv("first", x, outputs: 4, kernel: 3, bias: true, activation: .relu6)
      let depthwise = try model.conv("depthwise", first, outputs: 4, group: 4, bias: true)
      let swish = try model.add("swish", Unary(.silu), depthwise)
      let sum = try model.add("sum", Binary(.add, activation: .relu), swish, first)
      let w = model.constant("strided_w", [3, 4, 2, 2])
      let b = model.constant("strided_b", [3])
      let strided = try model.add(
        "strided", Conv(window: Window(kernel: [2, 2], strides: [2, 2])), sum, w, b)
      let mean = try model.add("mean", GlobalAveragePool(), strided)
      let flat = try model.add("flat", Reshape(shape: [1, 3]), mean)
      let scores = try model.add(
        "scores", Gemm(), flat, model.constant("scores_w", [classes, 3], -3...3), model.constant("scores_b", [classes]))
      if let end {
        model.graph.addOutput(try model.add("end", end, scores))
      } else {
        model.graph.addOutput(scores)
      }
      var random = RandomNumbers(seed: 11)
      samples = TensorSamples(samples: (0..<3).map { _ in [random.tensor([1, 2, 6, 6], -2...2)] })
      layers = ["first", "depthwise", "strided", "scores"]
    }

    func value(_ name: String) throws -> ValueID {
      try #require(model.graph.valueIDs.first { model.graph[$0].name == name })
    }

    /// The output with something added to one channel's bias of a layer, on one sample.
    func output(_ sample: Int, bias layer: String, channel: Int, plus error: Float) throws -> [Double] {
      var graph = model.graph
      let id = try value("\(layer)_b")
      var numbers = try #require(graph.constant(id)).elements(as: Float.self)
      numbers[channel] += error
      graph.setConstant(id, Tensor(numbers))
      return try GraphEvaluation.outputs(of: graph, inputs: try #require(samples.samples[sample]))[0].doubles()
    }

    func measure(_ answer: AnswerKind, draws: Int, threads: Int = 1, seed: UInt64 = 0) throws -> NetworkSensitivity {
      try SensitivityMeasure(
        model.graph, answer: answer, values: [value("x"), value("sum")], math: KernelMath()
      ).run(samples, samples: [0, 1, 2], draws: draws, seed: seed, threads: threads)
    }
  }

  private static func softmax(_ z: [Double]) -> [Double] {
    let powers = z.map { UnaryFunction.exp($0) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  private static func divergence(_ p: [Double], _ q: [Double]) -> Double {
    zip(p, q).reduce(0) { $0 + $1.0 * UnaryFunction.log($1.0 / $1.1) }
  }

  /// 1/2 shift e^2 against the divergence that a changed bias causes, whose second difference is taken: with changes
  /// to either side odd powers cancel.
  private func compare(
    _ answer: AnswerKind, classes: Int, end: (any Operator)? = nil, draws: Int, tolerance: Double,
    cost: ([Double], [Double]) -> Double
  ) throws {
    let network = try Network(classes: classes, end)
    let found = try network.measure(answer, draws: draws)
    #expect(found.samples == 3 && found.notFinite == 0 && found.unknown.isEmpty)
    #expect(found.layers.count == network.layers.count)
    for layer in network.layers {
      let sensitivity = try #require(found.layers[network.value(layer)])
      let error: Float = 1 / 64
      for channel in sensitivity.shift.indices {
        var costs = 0.0
        for sample in 0..<3 {
          let before = try network.output(sample, bias: layer, channel: channel, plus: 0)
          for sign: Float in [-1, 1] {
            let after = try network.output(sample, bias: layer, channel: channel, plus: sign * error)
            costs += cost(before, after) / 6
          }
        }
        let predicted = sensitivity.shift[channel] * Double(error * error) / 2
        #expect(
          abs(predicted - costs) <= tolerance * costs + 1e-9, "\(layer) \(channel): \(predicted), measured \(costs)")
      }
    }
  }

  /// One logit's e is -1 or 1, so that nothing is left to chance.
  @Test func oneLogitIsExact() throws {
    func bernoulli(_ z: [Double]) -> [Double] { [UnaryFunction.sigmoid(z[0]), UnaryFunction.sigmoid(-z[0])] }
    try compare(.labelLogits, classes: 1, draws: 1, tolerance: 0.02) {
      SensitivityTests.divergence(bernoulli($0), bernoulli($1))
    }
    try compare(.labelProbabilities, classes: 1, end: Unary(.sigmoid), draws: 1, tolerance: 0.02) {
      SensitivityTests.divergence([$0[0], 1 - $0[0]], [$1[0], 1 - $1[0]])
    }
  }

  /// Of 3 classes the mean over many draws comes near: its standard error is below 1 / sqrt(1000).
  @Test func classesAreNear() throws {
    try compare(.classLogits, classes: 3, draws: 1000, tolerance: 0.1) {
      SensitivityTests.divergence(SensitivityTests.softmax($0), SensitivityTests.softmax($1))
    }
    try compare(.classProbabilities, classes: 3, end: Softmax(axis: 1), draws: 1000, tolerance: 0.1) {
      SensitivityTests.divergence($0, $1)
    }
  }

  @Test func numbersCostTheirRelativeSquare() throws {
    try compare(.numbers, classes: 1, draws: 1, tolerance: 0.02) {
      ($0[0] - $1[0]) * ($0[0] - $1[0]) / ($0[0] * $0[0])
    }
  }

  /// The square of every gradient of one logit, element by element by differences, summed.
  @Test func noiseIsTheSumOfSquares() throws {
    let network = try Network(classes: 1)
    let found = try network.measure(.labelLogits, draws: 1)
    let sensitivity = try #require(found.values[network.value("x")])
    var noise = [0.0, 0.0]
    for sample in 0..<3 {
      let input = try #require(network.samples.samples[sample])[0]
      let numbers = input.elements(as: Float.self)
      func logit(_ index: Int, _ change: Float) throws -> Double {
        var moved = numbers
        moved[index] += change
        return try GraphEvaluation.outputs(of: network.model.graph, inputs: [Tensor(moved, shape: input.shape)])[0]
          .doubles()[0]
      }
      let p = UnaryFunction.sigmoid(try logit(0, 0))
      for index in numbers.indices {
        let slope = try (logit(index, 1 / 256) - logit(index, -1 / 256)) * 128
        noise[index / 36] += slope * slope * p * (1 - p) / 3
      }
    }
    #expect(abs(sensitivity.noise[0] / noise[0] - 1) < 0.02 && abs(sensitivity.noise[1] / noise[1] - 1) < 0.02)
  }

  @Test func threadsChangeNothing() throws {
    let network = try Network(classes: 3)
    let one = try network.measure(.classLogits, draws: 2, threads: 1)
    let three = try network.measure(.classLogits, draws: 2, threads: 3)
    #expect(one.layers == three.layers && one.values == three.values)
    #expect(try network.measure(.classLogits, draws: 2, seed: 1).layers != one.layers)
  }

  @Test func samplesThatCannotBeReadCountNothing() throws {
    let network = try Network(classes: 1)
    let measure = try SensitivityMeasure(network.model.graph, answer: .labelLogits, math: KernelMath())
    let holes = TensorSamples(samples: [nil] + network.samples.samples + [nil])
    let found = measure.run(holes, samples: [0, 1, 2, 3, 4], threads: 2)
    #expect(found.samples == 3)
    let all = measure.run(network.samples, samples: [0, 1, 2], threads: 1)
    for (layer, sensitivity) in all.layers {
      let other = try #require(found.layers[layer])
      #expect(zip(sensitivity.noise, other.noise).allSatisfy { abs($0 - $1) <= 1e-12 * $0 })
    }
  }

  /// What lies before an operator without a product is unknown, what lies behind it is not, and what the answer does
  /// not depend on costs nothing.
  @Test func operatorsWithoutProductAreNamed() throws {
    var model = Model()
    let x = model.input([1, 1, 4, 4])
    let before = try model.conv("before", x)
    let grid = model.constant("grid", [1, 3, 3, 2])
    let sampled = try model.add("sampled", GridSample(), before, grid)
    let behind = try model.conv("behind", sampled)
    let beside = try model.conv("beside", x)
    model.graph.addOutput(behind)
    model.graph.addOutput(beside)
    let found = try SensitivityMeasure(model.graph, answer: .numbers, math: KernelMath()).run(
      TensorSamples(samples: [[model.random.tensor([1, 1, 4, 4])]]), samples: [0], threads: 1)
    #expect(found.unknown.keys.sorted() == [before])
    #expect(found.unknown[before]?.description == "node sampled (GridSample): GridSample has no gradient")
    #expect(try #require(found.layers[behind]).noise.allSatisfy { $0 > 0 })
    #expect(found.layers[beside] == OutputSensitivity(noise: [0, 0], shift: [0, 0]))
  }

  /// Two samples in a run are as two runs: the samples' sums over positions are not mixed.
  @Test func samplesOfARunAreApart() throws {
    func network(_ batch: Int) throws -> (Model, ValueID) {
      var model = Model()
      let x = model.input([batch, 2, 3, 3])
      let layer = try model.conv("layer", x, outputs: 2, kernel: 2, bias: true, activation: .relu)
      let mean = try model.add("mean", GlobalAveragePool(), layer)
      let flat = try model.add("flat", Reshape(shape: [batch, 2]), mean)
      model.graph.addOutput(try model.add("scores", Gemm(), flat, model.constant("w", [1, 2])))
      return (model, layer)
    }
    var random = RandomNumbers(seed: 3)
    let images = (0..<2).map { _ in random.tensor([1, 2, 3, 3]).elements(as: Float.self) }
    let (single, one) = try network(1)
    let alone = try SensitivityMeasure(single.graph, answer: .labelLogits, math: KernelMath()).run(
      TensorSamples(samples: images.map { [Tensor($0, shape: [1, 2, 3, 3])] }), samples: [0, 1], threads: 1)
    let (pair, two) = try network(2)
    let together = try SensitivityMeasure(pair.graph, answer: .labelLogits, batch: 2, math: KernelMath()).run(
      TensorSamples(samples: [[Tensor(images[0] + images[1], shape: [2, 2, 3, 3])]]), samples: [0], threads: 1)
    let (a, b) = (try #require(alone.layers[one]), try #require(together.layers[two]))
    for (x, y) in zip(a.noise + a.shift, b.noise + b.shift) { #expect(abs(x - y) <= 1e-6 * x && x > 0) }
  }
}

import IR
import Math
import Operators
import Runtime
import Tensors
import TestSupport
import Testing
import Threads

@testable import Quantization

/// Weights that go by what they cost the answer.
@Suite struct WeightPruningTests {
  /// A small network of all kinds of layers, and what samples tell of it.
  private struct Case {
    var graph = Graph(name: "pruned")
    let layers: [WeightPruning.Layer]
    let source = NoiseSource(shape: [1, 3, 12, 12], count: 96)

    init() throws {
      var random = RandomNumbers(seed: 31)
      var x = graph.addInput("x", TensorType(.float32, [1, 3, 12, 12]))
      func layer(_ name: String, _ shape: [Int], groups: Int = 1, scale: Float = 1, _ graph: inout Graph) throws {
        let numbers = (random.tensor(shape).floats() ?? []).map { $0 * scale }
        let w = graph.addConstant("\(name)_w", Tensor(numbers, shape: shape))
        let b = graph.addConstant("\(name)_b", random.tensor([shape[0]]))
        let window = Window(kernel: Array(shape[2...]), pads: [1, 1, 1, 1])
        x = try graph.add(
          Conv(window: window, group: groups, activation: .relu), name: name, inputs: [x, w, b])[0]
      }
      // Weights of a layer of small numbers are not worth less.
      try layer("stem", [24, 3, 3, 3], scale: 0.02, &graph)
      try layer("inner", [24, 24, 3, 3], &graph)
      try layer("grouped", [40, 12, 3, 3], groups: 2, &graph)
      x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
      x = try graph.add(Reshape(shape: [1, 40]), name: "flat", inputs: [x])[0]
      let w = graph.addConstant("head_w", random.tensor([7, 40]))
      graph.addOutput(try graph.add(Gemm(), name: "head", inputs: [x, w])[0])

      let samples = Array(0..<64)
      let plan = try Plan(graph, math: KernelMath())
      let observations = Calibrator(plan, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        source, samples: samples, threads: 1)
      let quantizer = Quantizer(graph, observations: observations, options: Quantizer.Options())
      let model = try quantizer.run()
      let moments = MomentGatherer(
        try Plan(model.graph, math: KernelMath()), of: model, samples: samples.count
      ).run(source, samples: samples, threads: 1)
      let sensitivity = try SensitivityMeasure(graph, answer: .classLogits, math: KernelMath()).run(
        source, samples: samples, threads: 1)
      layers = try moments.sorted { $0.key < $1.key }.map { node, moments in
        let layer = try #require(quantizer.layer(node))
        return WeightPruning.Layer(
          node: node, layer.weights, try #require(sensitivity.layers[layer.output]), moments)
      }
    }

    /// The network with other weights.
    func graph(_ weights: [NodeID: LayerWeights]) throws -> Graph {
      var result = graph
      for (id, weights) in weights {
        let node = try #require(result[id])
        let layer = try #require(node.op as? any Int8ConvertibleLayer)
        let form = layer.floatForm(weights)
        try result.update(
          id, op: form.op, inputs: [node.inputs[0]] + form.constants.map { result.addConstant("pruned", $0) })
      }
      return result
    }

    /// The squared error of the outputs on samples that were not looked at.
    func error(_ weights: [NodeID: LayerWeights]) throws -> Double {
      let plans = [try Plan(graph, math: KernelMath()), try Plan(try graph(weights), math: KernelMath())]
      let executors = plans.map { Executor($0, workers: .init(threads: 1)) }
      var sum = 0.0
      for sample in 64..<96 {
        let outputs = executors.map { executor in
          _ = executor.withInputs { source.write(sample, into: $0) }
          executor.run()
          return executor.outputTensor(0).floats() ?? []
        }
        for (a, b) in zip(outputs[0], outputs[1]) { sum += Double((a - b) * (a - b)) }
      }
      return sum
    }
  }

  private func zeros(_ weights: [Float]) -> Int { weights.count { $0 == 0 } }

  @Test(arguments: [0.3, 0.5, 0.8]) func losesLessThanTheSmallestWeights(fraction: Double) throws {
    let example = try Case()
    #expect(example.layers.count == 4)
    let pruned = WeightPruning(example.layers, fraction: fraction, isPerLayer: false).run(threads: 2)
    let all = example.layers.reduce(0) { $0 + $1.weights.values.count }
    #expect(pruned.layers.values.reduce(0) { $0 + zeros($1.values) } == Int((fraction * Double(all)).rounded()))
    #expect(pruned.threshold > 0)
    // The same number of weights of each layer by magnitude.
    var smallest: [NodeID: LayerWeights] = [:]
    for layer in example.layers {
      let count = zeros(pruned.layers[layer.node]?.values ?? [])
      guard count > 0 else { continue }
      var taken = SmallestMagnitudes(count, of: [layer.weights.values])
      smallest[layer.node] = LayerWeights(
        shape: layer.weights.shape, values: layer.weights.values.map { taken.take($0) ? 0 : $0 },
        bias: layer.weights.bias, groups: layer.weights.groups)
    }
    #expect(try example.error(pruned.layers) < 0.5 * example.error(smallest))
  }

  /// The layer of small numbers keeps what it is worth; no layer is emptied.
  @Test func smallNumbersAreNotWorthLess() throws {
    let example = try Case()
    let pruned = WeightPruning(example.layers, fraction: 0.6, isPerLayer: false).run(threads: 1)
    for layer in example.layers {
      let weights = try #require(pruned.layers[layer.node]?.values)
      #expect(zeros(weights) <= weights.count * 95 / 100)
    }
    let stem = try #require(pruned.layers[example.layers[0].node]?.values)
    #expect(zeros(stem) < stem.count * 6 / 10)
  }

  @Test func eachLayerLosesTheFraction() throws {
    let example = try Case()
    let pruned = WeightPruning(example.layers, fraction: 0.4, isPerLayer: true).run(threads: 1)
    for layer in example.layers {
      let weights = try #require(pruned.layers[layer.node]?.values)
      #expect(zeros(weights) == Int((0.4 * Double(weights.count)).rounded()))
    }
  }

  @Test func threadsMakeNoDifference() throws {
    let example = try Case()
    let pruning = WeightPruning(example.layers, fraction: 0.5, isPerLayer: false)
    let one = pruning.run(threads: 1)
    for threads in [2, 5] {
      let other = pruning.run(threads: threads)
      #expect(other.threshold == one.threshold)
      for (node, weights) in one.layers {
        #expect(other.layers[node]?.values == weights.values)
        #expect(other.layers[node]?.bias == weights.bias)
      }
    }
  }

  @Test func nothingIsDoneToNothing() throws {
    #expect(WeightPruning([], fraction: 0.5, isPerLayer: false).run(threads: 2).layers.isEmpty)
    let example = try Case()
    let kept = WeightPruning(example.layers, fraction: 0, isPerLayer: false).run(threads: 2)
    for layer in example.layers { #expect(kept.layers[layer.node]?.values == layer.weights.values) }
  }
}

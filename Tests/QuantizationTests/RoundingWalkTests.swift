import CKernels
import IR
import Math
import Operators
import Runtime
import Synchronization
import Tensors
import TestSupport
import Testing
import Threads

@testable import Quantization

/// Layers rounded one after the other.
@Suite struct RoundingWalkTests {
  /// A small network of all kinds of layers, quantized, and the steps its weights are to have.
  private struct Case {
    var graph = Graph(name: "walk")
    let float: Plan
    let quantizer: Quantizer
    let quantizations: [ValueID: Quantization]
    let nearest: QuantizedModel
    let source = NoiseSource(shape: [1, 3, 12, 12], count: 64)
    let samples = Array(0..<32)

    init() throws {
      var random = RandomNumbers(seed: 71)
      var x = graph.addInput("x", TensorType(.float32, [1, 3, 12, 12]))
      func layer(
        _ name: String, _ shape: [Int], groups: Int = 1, pads: Int = 0, strides: Int = 1,
        _ graph: inout Graph
      ) throws {
        let w = graph.addConstant("\(name)_w", random.tensor(shape))
        let b = graph.addConstant("\(name)_b", random.tensor([shape[0]]))
        let window = Window(
          kernel: Array(shape[2...]), strides: [strides, strides], pads: [pads, pads, pads, pads])
        x = try graph.add(
          Conv(window: window, group: groups, activation: .relu), name: name, inputs: [x, w, b])[0]
      }
      try layer("stem", [24, 3, 3, 3], pads: 1, strides: 2, &graph)
      try layer("depthwise", [24, 1, 3, 3], groups: 24, pads: 1, &graph)
      try layer("pointwise", [40, 24, 1, 1], &graph)
      try layer("grouped", [40, 20, 3, 3], groups: 2, &graph)
      x = try graph.add(GlobalAveragePool(), name: "pool", inputs: [x])[0]
      x = try graph.add(Reshape(shape: [1, 40]), name: "flat", inputs: [x])[0]
      let w = graph.addConstant("head_w", random.tensor([7, 40]))
      graph.addOutput(try graph.add(Gemm(), name: "head", inputs: [x, w])[0])
      float = try Plan(graph, math: KernelMath())
      let observations = Calibrator(float, of: graph, observing: Quantizer.valuesToObserve(graph)).run(
        source, samples: samples, threads: 1)
      quantizer = Quantizer(graph, observations: observations, options: Quantizer.Options())
      quantizations = quantizer.quantizations(by: .minMax)
      nearest = try quantizer.run(quantizations)
    }

    /// So many times those of plain int8.
    func scales(_ factor: Float) -> [NodeID: [Float]] {
      var scales: [NodeID: [Float]] = [:]
      for node in nearest.layers.keys {
        guard let weights = quantizer.layer(node)?.weights else { continue }
        let length = weights.values.count / weights.shape[0]
        scales[node] = (0..<weights.shape[0]).map { channel in
          let row = weights.values[channel * length..<(channel + 1) * length]
          return row.reduce(0) { max($0, abs($1)) } / 127 * factor
        }
      }
      return scales
    }

    func walk(_ scales: [NodeID: [Float]], samples: [Int]? = nil, threads: Int = 1) throws -> [NodeID: WeightRounding] {
      let walk = RoundingWalk(
        try Plan(nearest.graph, math: KernelMath()), of: nearest, float: float, quantizer: quantizer)
      return try walk.run(
        source, samples: samples ?? self.samples, scales.mapValues { WeightRounding(scales: $0) }, threads: threads)
    }

    /// The squared error of the outputs on samples that were not looked at.
    func error(_ rounding: [NodeID: WeightRounding]) throws -> Double {
      let plan = try Plan(try quantizer.run(quantizations, rounding: rounding).graph, math: KernelMath())
      let (first, second) = (
        Executor(float, workers: Workers(threads: 1)), Executor(plan, workers: Workers(threads: 1))
      )
      var sum = 0.0
      for sample in 32..<64 {
        _ = first.withInputs { source.write(sample, into: $0) }
        first.copyInput(0, to: second)
        first.run()
        second.run()
        let outputs = [first, second].map { executor in executor.withOutput(0) { Array($0.elements(Float.self)) } }
        for (a, b) in zip(outputs[0], outputs[1]) { sum += Double((a - b) * (a - b)) }
      }
      return sum
    }
  }

  @Test func losesLessThanRoundingEachByItself() throws {
    let example = try Case()
    let scales = example.scales(12)
    let gatherer = MomentGatherer(
      try Plan(example.nearest.graph, math: KernelMath()), of: example.nearest, samples: example.samples.count)
    let moments = gatherer.run(example.source, samples: example.samples, threads: 1)
    var apart: [NodeID: WeightRounding] = [:]
    for (node, compensation) in ErrorCompensation.all(moments, threads: 1) {
      apart[node] = WeightRounding(scales: scales[node], compensation: compensation, inputMeans: moments[node]?.means)
    }
    let nearest = try example.error(scales.mapValues { WeightRounding(scales: $0) })
    let walked = try example.error(try example.walk(scales))
    #expect(try walked < example.error(apart))
    #expect(walked < 0.7 * nearest)
  }

  /// At the steps of plain int8 the activations of noise err by chance alone, which nothing makes up for: no harm is
  /// done.
  @Test func fineStepsLoseNothing() throws {
    let example = try Case()
    let scales = example.scales(1)
    let nearest = try example.error(scales.mapValues { WeightRounding(scales: $0) })
    #expect(try example.error(try example.walk(scales)) < 1.15 * nearest)
  }

  @Test func threadsMakeNoDifference() throws {
    let example = try Case()
    let one = try example.walk(example.scales(8))
    #expect(one.count == 5)
    for threads in [2, 5] {
      let other = try example.walk(example.scales(8), threads: threads)
      for (node, rounding) in one {
        #expect(other[node]?.levels == rounding.levels)
        #expect(other[node]?.biasShifts == rounding.biasShifts)
      }
    }
  }

  /// What is returned says all: rounding by it gives the network that was walked through.
  @Test func levelsAreTaken() throws {
    let example = try Case()
    let rounding = try example.walk(example.scales(8))
    let model = try example.quantizer.run(example.quantizations, rounding: rounding)
    for (source, node) in model.layers {
      let layer = try #require(model.graph[node])
      let weights: [Int8] = try #require(model.graph.constant(layer.inputs[1])).elements()
      #expect(weights == rounding[source]?.levels)
    }
  }

  @Test func noSamplesChangeNothing() throws {
    let example = try Case()
    #expect(try example.walk([:], samples: []).isEmpty)
  }

  /// Where the float inputs are a linear function of those in the int8 network, weights become those of that function.
  @Test func weightsAreAdapted() throws {
    var random = RandomNumbers(seed: 5)
    let (channels, pixels) = (4, 256)
    let quantization = Quantization(low: -1, high: 1)
    let shape = Window(kernel: [1, 1]).convolutionShape(
      input: [1, channels, 16, 16], output: [1, 1, 16, 16], groups: 1)
    let empty = InputMoments(groups: 1, length: channels, longestBlock: 16, quantization: quantization)
    let moments = SharedMoments(empty)
    let differences = SharedDifferences(InputDifferences(of: empty))
    let rows = InputRows(shape, quantization, moments: moments, differences: differences)
    let scratch = MomentScratch([shape], products: 16, isForDifferences: true)
    for sample in 0..<20 {
      let integers = (0..<pixels * channels).map { _ in Int8(random.int(-60...60)) }
      var floats = integers.map { (Float($0) - Float(quantization.zeroPoint)) * quantization.scale }
      for pixel in 0..<pixels {
        // x_0 = y_0 + 0.25 y_1 + 3 steps
        floats[pixel * channels] += 0.25 * floats[pixel * channels + 1] + 3 * quantization.scale
      }
      integers.withUnsafeBufferPointer { integers in
        floats.withUnsafeBufferPointer { floats in
          guard let x = integers.baseAddress, let float = floats.baseAddress else { return }
          rows.add(x, float: float, images: 1, positions: pixels, sample: sample, scratch: scratch)
        }
      }
    }
    rows.flush(scratch)
    let known = moments.moments.withLock { $0 }
    let beyond = differences.differences.withLock { $0 }
    #expect(abs(beyond.means[0] - 3 - 0.25 * known.means[1] / Double(quantization.scale)) < 0.1)
    #expect(abs(beyond.means[2]) < 1e-9)
    let compensation = try #require(ErrorCompensation(known, damping: 0))
    let adapted = compensation.adapted(
      [2, 1, -1, 0.5], channels: 1, to: beyond, of: known, threads: 1)
    for (found, expected) in zip(adapted, [2, 1.5, -1, 0.5] as [Float]) { #expect(abs(found - expected) < 0.02) }
    // What was pruned stays so.
    let pruned = compensation.adapted([2, 0, -1, 0.5], channels: 1, to: beyond, of: known, threads: 1)
    #expect(pruned[1] == 0 && abs(pruned[0] - 2) < 0.02)
  }
}

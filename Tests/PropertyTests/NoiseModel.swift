import IR
import Operators
import Tensors
import TestSupport
import Threads

/// Runs a graph node by node with its values and weights as they come, or disturbed as rounding would disturb them: how
/// far an output may be from its float original follows from the graph itself, cancellation and amplification included.
struct NoiseModel {
  private let graph: Graph
  private let order: [Node]
  private let samples: [Tensor]
  /// Outputs of the undisturbed graph for each sample.
  private(set) var exact: [[Tensor]] = []
  /// Smallest and largest element of each value over all samples.
  private(set) var ranges: [ValueID: (low: Float, high: Float)] = [:]

  init(_ graph: Graph, samples: [Tensor]) throws {
    self.graph = graph
    order = graph.nodesInOrder()
    self.samples = samples
    for sample in samples {
      var seen: [ValueID: (low: Float, high: Float)] = [:]
      exact.append(
        try run(sample) { id, tensor in
          let numbers = tensor.reals
          seen[id] = (numbers.reduce(0, min), numbers.reduce(0, max))
          return tensor
        })
      for (id, range) in seen {
        let known = ranges[id] ?? (0, 0)
        ranges[id] = (min(known.low, range.low), max(known.high, range.high))
      }
    }
  }

  /// The noise power of each output, summed over the samples, where each value takes an error of up to half a step.
  ///
  /// - Parameters:
  ///   - step: of a value, by its range and name
  ///   - levels: how many there are between zero and a layer's largest weight
  func noise(
    seed: UInt64, levels: Float, step: (_ name: String, _ width: Float) -> Float
  ) throws -> [Double] {
    var random = RandomNumbers(seed: seed)
    func disturbed(_ tensor: Tensor, by half: Float) -> Tensor {
      guard half > 0 else { return tensor }
      return Tensor(tensor.reals.map { $0 + random.float(-half...half) }, shape: tensor.shape)
    }
    // Weights err alike for all samples.
    var weights: [ValueID: Tensor] = [:]
    for node in order where node.op is any Int8ConvertibleLayer {
      for case let id? in node.inputs.dropFirst().prefix(1) {
        guard let tensor = graph.constant(id), weights[id] == nil else { continue }
        let largest = tensor.reals.reduce(0) { max($0, abs($1)) }
        weights[id] = disturbed(tensor, by: largest / levels / 2)
      }
    }
    var noise = [Double](repeating: 0, count: graph.outputs.count)
    for (sample, exact) in zip(samples, exact) {
      let outputs = try run(sample, constants: weights) { id, tensor in
        guard tensor.element == .float32, let range = ranges[id] else { return tensor }
        return disturbed(tensor, by: step(graph[id].name, range.high - range.low) / 2)
      }
      for (index, pair) in zip(outputs, exact).enumerated() { noise[index] += NoiseModel.noise(pair.0, pair.1) }
    }
    return noise
  }

  /// The sum of the squares of the differences.
  static func noise(_ a: Tensor, _ b: Tensor) -> Double {
    zip(a.reals, b.reals).reduce(0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }
  }

  /// Computes the graph; what each value becomes for those who read it is up to `seen`.
  private func run(
    _ input: Tensor, constants: [ValueID: Tensor] = [:], _ seen: (ValueID, Tensor) -> Tensor
  ) throws -> [Tensor] {
    var values: [ValueID: Tensor] = [graph.inputs[0]: seen(graph.inputs[0], input)]
    func tensor(_ id: ValueID) -> Tensor? { values[id] ?? constants[id] ?? graph.constant(id) }
    for node in order {
      let results = try evaluate(
        node.op, inputs: node.inputs.map { $0.flatMap(tensor) },
        layout: node.op.layout == .channelsLast ? .channelsLast : .rowMajor, workers: Workers(threads: 1)
      ) { index in node.inputs[index].map { graph.constant($0) != nil } ?? true }
      for (id, result) in zip(node.outputs, results) { values[id] = seen(id, result) }
    }
    return graph.outputs.compactMap(tensor)
  }
}

extension Tensor {
  /// The elements that rounding changes: none of a tensor of integers.
  var reals: [Float] { element == .float32 ? elements() : [] }
}

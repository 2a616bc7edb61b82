import IR
import Math
import Operators
import Quantization
import Tensors
import TestSupport
import Testing

/// A float graph under construction, the ranges its values are said to have, and what the quantizer makes of it.
struct Model {
  var graph = Graph(name: "test")
  /// Ranges are taken as they are, and biases stay what they are.
  var options = Quantizer.Options()
  var random = RandomNumbers(seed: 7)
  private var ranges: [ValueID: ClosedRange<Float>] = [:]

  init() {
    options.estimator = .minMax
    options.correctsBias = false
  }

  /// Adds a graph input whose values lie on the 256 steps of this size; those below zero are as many as `zero` says.
  mutating func input(_ shape: [Int], _ name: String = "x", step: Float = 1 / 64, zero: Int = 0)
    -> ValueID
  {
    let id = graph.addInput(name, TensorType(.float32, shape))
    observe(id, step: step, zero: zero)
    return id
  }

  mutating func constant(_ name: String, _ shape: [Int], _ range: ClosedRange<Float> = -1...1)
    -> ValueID
  {
    graph.addConstant(name, random.tensor(shape, range))
  }

  mutating func numbers(_ name: String, _ numbers: [Float], shape: [Int]? = nil) -> ValueID {
    graph.addConstant(name, Tensor(numbers, shape: shape))
  }

  /// Adds a node named like its output, whose values lie on 256 steps of this size.
  mutating func add(
    _ name: String, _ op: any Operator, _ inputs: ValueID?..., step: Float = 1 / 64, zero: Int = 0
  ) throws -> ValueID {
    let id = try graph.add(op, name: name, inputs: inputs, outputNames: [name], origins: [name])[0]
    observe(id, step: step, zero: zero)
    return id
  }

  /// A convolution without padding; its weights are `<name>_w`, its bias `<name>_b`.
  mutating func conv(
    _ name: String, _ x: ValueID, outputs: Int = 2, kernel: Int = 1, group: Int = 1,
    bias: Bool = false,
    activation: UnaryFunction = .identity, step: Float = 1 / 64, zero: Int = 0
  ) throws -> ValueID {
    let inputs = graph.type(of: x).shape[1]
    let w = constant("\(name)_w", [outputs, inputs / group, kernel, kernel])
    let b = bias ? constant("\(name)_b", [outputs]) : nil
    return try add(
      name, Conv(window: Window(kernel: [kernel, kernel]), group: group, activation: activation), x,
      w, b, step: step,
      zero: zero)
  }

  /// Says that a value was seen from the least to the greatest number that int8 holds at this scale and zero point. If
  /// that is a power of two, the range's (high - low) / 255 is the scale again, without rounding.
  mutating func observe(_ value: ValueID, step: Float, zero: Int) {
    ranges[value] = Float(-128 - zero) * step...Float(127 - zero) * step
  }

  mutating func observe(_ value: ValueID, _ range: ClosedRange<Float>) { ranges[value] = range }

  /// What calibration would have seen: the two ends of the range of each value it is asked to look at.
  func observations() -> [ValueID: Observation] {
    let scratch = ObservationScratch(channels: 1)
    var result: [ValueID: Observation] = [:]
    for value in Quantizer.valuesToObserve(graph) {
      guard let range = ranges[value] else { continue }
      [range.lowerBound, range.upperBound].withUnsafeBufferPointer {
        result[value, default: Observation()].add($0, channels: 0, scratch: scratch)
      }
    }
    return result
  }

  func quantized() throws -> QuantizedModel {
    try Verifier.check(graph)
    let model = try Quantizer(graph, observations: observations(), options: options).run()
    try Verifier.check(model.graph)
    return model
  }
}

extension QuantizedModel {
  /// The decisions as `precision node` lines, with the reason where there is one.
  var lines: [String] {
    decisions.map { decision in
      let raised = decision.raisedScales == 0 ? "" : ", \(decision.raisedScales) scales raised"
      let reason = decision.reason.isEmpty ? "" : ": \(decision.reason)"
      return "\(decision.precision.rawValue) \(decision.node)\(reason)\(raised)"
    }
  }

  func node(_ name: String) throws -> Node {
    try #require(graph.nodesInOrder().first { $0.name == name })
  }

  func constant(_ name: String) throws -> Tensor {
    let id = try #require(graph.valueIDs.first { graph[$0].name == name })
    return try #require(graph.constant(id))
  }

  /// How the integers of a value stand for numbers; nil for a float value.
  func quantization(_ name: String) throws -> Quantization? {
    graph.type(of: try #require(graph.valueIDs.first { graph[$0].name == name })).quantization
  }
}

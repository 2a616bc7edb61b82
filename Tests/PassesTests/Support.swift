import IR
import Math
import Operators
import Passes
import Tensors
import TestSupport

/// A graph under construction, and its rewriting by passes with everything checked.
struct Model {
  var graph = Graph(name: "test")
  var random = RandomNumbers(seed: 7)

  mutating func input(_ shape: [Int], _ name: String = "x") -> ValueID {
    graph.addInput(name, TensorType(.float32, shape))
  }

  mutating func constant(_ name: String, _ shape: [Int], _ range: ClosedRange<Float> = -2...2) -> ValueID {
    graph.addConstant(name, random.tensor(shape, range))
  }

  mutating func numbers(_ name: String, _ numbers: [Float], shape: [Int]? = nil) -> ValueID {
    graph.addConstant(name, Tensor(numbers, shape: shape))
  }

  mutating func scalar(_ number: Float) -> ValueID { graph.addConstant("c\(number)", Tensor(scalar: number)) }

  /// Adds a node named like its output.
  mutating func add(_ name: String, _ op: any Operator, _ inputs: ValueID?...) throws -> ValueID {
    try graph.add(op, name: name, inputs: inputs, outputNames: [name], origins: [name])[0]
  }

  mutating func conv(
    _ name: String, _ x: ValueID, outputs: Int, kernel: Int = 1, pads: [Int] = [0, 0, 0, 0], group: Int = 1,
    bias: Bool = true
  ) throws -> ValueID {
    let inputs = graph.type(of: x).shape[1]
    let w = constant("\(name)_w", [outputs, inputs / group, kernel, kernel], -1...1)
    let b = bias ? constant("\(name)_b", [outputs]) : nil
    return try add(name, Conv(window: Window(kernel: [kernel, kernel], pads: pads), group: group), x, w, b)
  }

  mutating func batchNormalization(_ name: String, _ x: ValueID) throws -> ValueID {
    let channels = graph.type(of: x).shape[1]
    return try add(
      name, BatchNormalization(), x, constant("\(name)_scale", [channels], 0.5...2), constant("\(name)_b", [channels]),
      constant("\(name)_mean", [channels]), constant("\(name)_var", [channels], 0.1...2))
  }

  /// What passes made of the graph, and the largest difference of an output on random inputs (also of several images
  /// where the batch is free), relative to the largest element of that output.
  func rewritten(
    _ groups: [PassGroup], inputRange: ClosedRange<Float> = -4...4
  ) throws -> (graph: Graph, log: PassLog, difference: Double) {
    var result = graph
    let log = try Pipeline.run(groups, on: &result)
    var random = RandomNumbers(seed: 99)
    var worst = 0.0
    for batch in graph.hasFreeBatch ? [1, 3] : [1] {
      let inputs = graph.inputs.map { id in
        var shape = graph.type(of: id).shape
        shape[0] *= batch
        return random.tensor(shape, inputRange)
      }
      let before = try evaluate(graph, inputs)
      let after = try evaluate(result, inputs)
      if before.count != after.count { worst = .infinity }
      for (a, b) in zip(before, after) { worst = max(worst, relativeDifference(a, b)) }
    }
    return (result, log, worst)
  }

  func rewritten(
    _ passes: Pass..., repeats: Bool = false, inputRange: ClosedRange<Float> = -4...4
  ) throws -> (graph: Graph, log: PassLog, difference: Double) {
    try rewritten([PassGroup("test", repeats: repeats, passes)], inputRange: inputRange)
  }
}

/// Computes a graph node by node.
func evaluate(_ graph: Graph, _ inputs: [Tensor]) throws -> [Tensor] {
  var known: [ValueID: Tensor] = [:]
  for (id, tensor) in zip(graph.inputs, inputs) { known[id] = tensor }
  func tensor(_ id: ValueID) -> Tensor? { known[id] ?? graph.constant(id) }
  for node in graph.nodesInOrder() {
    let results = try evaluateConstants(node.op, inputs: node.inputs.map { $0.flatMap(tensor) })
    for (output, result) in zip(node.outputs, results) { known[output] = result }
  }
  return graph.outputs.compactMap(tensor)
}

func relativeDifference(_ a: Tensor, _ b: Tensor) -> Double {
  guard a.shape == b.shape, a.element == b.element else { return .infinity }
  let left = a.doubles()
  let right = b.doubles()
  let scale = max(left.reduce(0) { max($0, abs($1)) }, 1e-30)
  return zip(left, right).reduce(0) { worst, pair in
    let difference = abs(pair.0 - pair.1) / scale
    return difference.isNaN ? .infinity : max(worst, difference)
  }
}

extension PassLog {
  /// The entries as `outcome node: detail` lines.
  var lines: [String] { entries.map { "\($0.outcome.rawValue) \($0.node): \($0.detail)" } }
}

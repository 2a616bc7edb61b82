import IR
import Math
import Operators
import Tensors

/// A convolution, transposed convolution or fully connected layer with constant weights, as passes that fold numbers
/// into it see it.
struct LinearLayer {
  let node: Node
  let activation: UnaryFunction
  /// Output channels, and input channels: what x has along `channelAxis`.
  let outputs: Int
  let inputs: Int
  /// The dimension of the output (and of x) the channels lie along.
  let channelAxis: Int
  private let weights: Tensor
  private let bias: [Double]
  private let order: Order

  /// How output and input channels follow each other in the weights.
  private enum Order {
    /// Conv [M, C / group, taps]
    case convolution(group: Int)
    /// ConvTranspose [C, M / group, taps]
    case transposed(group: Int)
    /// Gemm [M, K], or [K, M]
    case matrix(rowsAreOutputs: Bool)
  }

  /// The layer a node is; nil when it is another operator or its weights are not constant.
  init?(_ node: Node, in graph: Graph) {
    guard let weights = graph.constant(graph.input(node, 1)), weights.element == .float32,
      let output = node.outputs.first
    else { return nil }
    let shape = weights.shape
    let rank = graph.shape(output).count
    switch node.op {
    case let conv as Conv:
      order = .convolution(group: conv.group)
      (outputs, inputs) = (shape[0], shape[1] * conv.group)
      channelAxis = 1
    case let conv as ConvTranspose:
      order = .transposed(group: conv.group)
      (outputs, inputs) = (shape[1] * conv.group, shape[0])
      channelAxis = 1
    case let gemm as Gemm:
      order = .matrix(rowsAreOutputs: gemm.transB)
      (outputs, inputs) = gemm.transB ? (shape[0], shape[1]) : (shape[1], shape[0])
      channelAxis = rank - 1
    default: return nil
    }
    if let id = graph.input(node, 2) {
      guard let numbers = graph.constant(id)?.doubles() else { return nil }
      if numbers.count == 1 {
        bias = [Double](repeating: numbers[0], count: outputs)
      } else if numbers.count == outputs {
        bias = numbers
      } else {
        return nil
      }
    } else {
      bias = [Double](repeating: 0, count: outputs)
    }
    self.node = node
    self.weights = weights
    activation = (node.op as? any ActivationCarrying)?.activation ?? .identity
  }

  /// Whether each input channel has weights of its own, as in depthwise convolutions.
  var isDepthwise: Bool {
    switch order {
    case .convolution(let group), .transposed(let group): group > 1 && weights.shape[1] == 1
    case .matrix: false
    }
  }

  /// The dimension of the weights that outputs alone lie along.
  private var outputAxis: Int? {
    switch order {
    case .convolution: 0
    case .transposed: nil
    case .matrix(let rowsAreOutputs): rowsAreOutputs ? 0 : 1
    }
  }

  // MARK: Folding

  /// Rewrites the layer to y * scale[m] + shift[m], followed by `activation`. False, and nothing changed, when a number
  /// would not be finite in float32.
  func foldAfter(
    scale: [Double]?, shift: [Double], activation: UnaryFunction, in graph: inout Graph, origins: [String]
  ) throws(Refusal) -> Bool {
    let folded = (0..<outputs).map { bias[$0] * (scale?[$0] ?? 1) + shift[$0] }
    let changed = scale.map { scale in
      mapWeights { weight, output, _ in weight * scale[output] }
        .on(outputAxis.flatMap { weights.grid?.scaled(by: scale, along: $0) })
    }
    return try replace(weights: changed, bias: folded, activation: activation, in: &graph, origins: origins)
  }

  /// Rewrites the layer to take `x` instead of x * scale[c] + shift[c]. Exact where every output sums all its taps.
  /// False, and nothing changed, when a number would not be finite in float32.
  func foldBefore(
    scale: [Double], shift: [Double], x: ValueID, in graph: inout Graph, origins: [String]
  ) throws(Refusal) -> Bool {
    var folded = bias
    visit { weight, output, input in folded[output] += Double(weight) * shift[input] }
    let changed = mapWeights { weight, _, input in weight * scale[input] }
    return try replace(weights: changed, bias: folded, activation: activation, x: x, in: &graph, origins: origins)
  }

  private func replace(
    weights: Tensor?, bias: [Double], activation: UnaryFunction, x: ValueID? = nil, in graph: inout Graph,
    origins: [String]
  ) throws(Refusal) -> Bool {
    guard var op = node.op as? any ActivationCarrying, bias.allSatisfy({ Float($0).isFinite }),
      weights?.elements(as: Float.self).allSatisfy(\.isFinite) ?? true
    else { return false }
    op.activation = activation
    var operands = node.inputs
    if let x { operands[0] = x }
    if let weights { operands[1] = graph.addConstant("\(node.name)_weights", weights) }
    let biasID = graph.addFloats(bias, name: "\(node.name)_bias")
    if operands.count > 2 { operands[2] = biasID } else { operands.append(biasID) }
    try graph.rewrite(node, as: op, inputs: operands, origins: origins)
    return true
  }

  // MARK: Walking the weights

  /// Calls `body` with each weight and the channels it connects.
  private func visit(_ body: (_ weight: Float, _ output: Int, _ input: Int) -> Void) {
    let numbers = weights.elements(as: Float.self)
    forEachIndex { index, output, input in body(numbers[index], output, input) }
  }

  /// The weights with each number replaced, computed in double precision and rounded once.
  private func mapWeights(_ body: (_ weight: Double, _ output: Int, _ input: Int) -> Double) -> Tensor {
    var numbers = weights.elements(as: Float.self)
    forEachIndex { index, output, input in numbers[index] = Float(body(Double(numbers[index]), output, input)) }
    return Tensor(numbers, shape: weights.shape)
  }

  private func forEachIndex(_ body: (_ index: Int, _ output: Int, _ input: Int) -> Void) {
    let shape = weights.shape
    let taps = shape.dropFirst(2).reduce(1, *)
    var index = 0
    for row in 0..<shape[0] {
      for column in 0..<shape[1] {
        let output: Int
        let input: Int
        switch order {
        case .convolution(let group):
          (output, input) = (row, row / (outputs / group) * shape[1] + column)
        case .transposed(let group):
          (output, input) = (row / (inputs / group) * shape[1] + column, row)
        case .matrix(let rowsAreOutputs):
          (output, input) = rowsAreOutputs ? (row, column) : (column, row)
        }
        for _ in 0..<taps {
          body(index, output, input)
          index += 1
        }
      }
    }
  }
}

import IR
import Math
import Operators
import Tensors

/// A batch normalisation or channelwise scaling with constant numbers: y = activation(x * scale[c] + shift[c]).
struct ChannelScaling {
  let x: ValueID
  let scale: [Double]
  let shift: [Double]
  let activation: UnaryFunction

  /// Nil when the node is neither, or a number is not finite.
  init?(_ node: Node, in graph: Graph) {
    guard let x = graph.input(node, 0) else { return nil }
    func numbers(_ index: Int) -> [Float]? { graph.constant(graph.input(node, index))?.floats() }
    switch node.op {
    case let scaling as ScaleShift:
      guard let scale = numbers(1), let shift = numbers(2) else { return nil }
      self.scale = scale.map(Double.init)
      self.shift = shift.map(Double.init)
      activation = scaling.activation
    case let normalization as BatchNormalization:
      guard let scale = numbers(1), let bias = numbers(2), let mean = numbers(3), let variance = numbers(4) else {
        return nil
      }
      (self.scale, self.shift) = normalization.coefficients(scale: scale, bias: bias, mean: mean, variance: variance)
      activation = .identity
    default: return nil
    }
    guard (scale + shift).allSatisfy({ Float($0).isFinite }) else { return nil }
    self.x = x
  }

  private init(x: ValueID, scale: [Double], shift: [Double], activation: UnaryFunction) {
    self.x = x
    self.scale = scale
    self.shift = shift
    self.activation = activation
  }

  /// The numbers for elements that come from the given channels.
  func reordered(_ channels: [Int]) -> ChannelScaling {
    ChannelScaling(
      x: x, scale: channels.map { scale[$0] }, shift: channels.map { shift[$0] }, activation: activation)
  }

  /// The numbers for a layer's channels: as they are where both count the same dimension, repeated where all are equal.
  func spread(over count: Int, isAlongChannels: Bool) -> (scale: [Double], shift: [Double])? {
    if isAlongChannels && count == scale.count { return (scale, shift) }
    guard let s = scale.first, let t = shift.first, scale.allSatisfy({ $0 == s }), shift.allSatisfy({ $0 == t }) else {
      return nil
    }
    return ([Double](repeating: s, count: count), [Double](repeating: t, count: count))
  }
}

extension Graph {
  /// The reshapes and transposes a value goes through as long as nothing else reads it.
  func movements(from value: ValueID) -> [Node] {
    var path: [Node] = []
    var current = value
    // Two transposes and two reshapes stand before a layer at most, once they are merged.
    while path.count < 4, let user = soleUser(of: current), user.op is Reshape || user.op is Transpose,
      let output = user.outputs.first
    {
      path.append(user)
      current = output
    }
    return path
  }

  /// The channel (dimension 1) each element of a row comes from, when a path leads from [N, C, ...] to rows [N, K] that
  /// are all alike; nil when it leads elsewhere.
  func channels(of value: ValueID, after path: [Node]) throws(Refusal) -> [Int]? {
    let shape = shape(value)
    guard let last = path.last?.outputs.first, self.shape(last).count == 2, shape.count >= 2,
      self.shape(last)[0] == shape[0], shape.reduce(1, *) <= 1 << 22
    else { return nil }
    let inner = shape[2...].reduce(1, *)
    // Exact in float32: fewer channels than 2 to the 24.
    let numbers = (0..<shape[0] * shape[1] * inner).map { Float($0 / max(1, inner) % shape[1]) }
    var moved = Tensor(numbers, shape: shape)
    for node in path {
      // An image must stay in its row for every batch.
      if let transpose = node.op as? Transpose, transpose.order(rank: moved.type.rank).first != 0 { return nil }
      do throws(Refusal) {
        guard let result = try evaluateConstants(node.op, inputs: [moved]).first else { return nil }
        moved = result
      } catch {
        throw error.at(node)
      }
    }
    let places = moved.elements(as: Float.self).map { Int($0) }
    let width = moved.shape[1]
    let row = Array(places.prefix(width))
    return places.indices.allSatisfy { places[$0] == row[$0 % width] } ? row : nil
  }
}

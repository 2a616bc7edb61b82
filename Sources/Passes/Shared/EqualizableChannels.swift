package import IR
import Math
import Operators
import Tensors

/// The channels that a layer computes, where they can be scaled against each other.
///
/// They go, channel by channel, through what keeps factors to nothing but layers, which take the factors back: of a
/// layer W, a function f with f(x / e) = f(x) / e for e > 0, and a layer V
///
///     V f(W x)  =  (V e) f((W / e) x)
///
/// with one e for each channel (M. Nagel and others, arXiv:1906.04721).
package struct EqualizableChannels: Sendable {
  /// A layer that takes the factors back, and the channel that each of its input channels is.
  package struct Reader: Sendable {
    package let layer: NodeID
    package let channels: [Int]
  }

  package let layer: NodeID
  /// The values that have the channels, that of the layer first: each with the channel of each of its own.
  package private(set) var values: [(value: ValueID, channels: [Int])]
  /// The first of the values that others than functions take: what factors are to be made for.
  package private(set) var value: ValueID
  package private(set) var readers: [Reader] = []
  /// Whether channels are cut off at an upper bound, which then is another for each.
  package private(set) var isClamped: Bool
  /// Whether each reader has weights of its own for each channel, so that factors cost them nothing.
  package private(set) var areReadApart = true

  /// Those of all layers of a graph, in order.
  package static func all(_ graph: Graph) -> [EqualizableChannels] {
    graph.nodesInOrder().compactMap { EqualizableChannels($0, in: graph) }
  }

  private init?(_ node: Node, in graph: Graph) {
    guard let layer = LinearLayer(node, in: graph), layer.channelAxis == 1, layer.canBeScaled(in: graph),
      layer.activation.keepsFactors
    else { return nil }
    self.layer = node.id
    values = [(node.outputs[0], Array(0..<layer.outputs))]
    value = node.outputs[0]
    isClamped = layer.activation.isClampedAbove
    var next = 0
    while next < values.count {
      let (value, channels) = values[next]
      next += 1
      guard !graph.isOutput(value) else { return nil }
      for id in graph[value].users {
        guard let user = graph[id], follow(value, channels, into: user, graph) else { return nil }
      }
    }
    let taken = values.first { graph[$0.value].users.contains { !(graph[$0]?.op is Unary) } }
    guard !readers.isEmpty, let taken else { return nil }
    value = taken.value
  }

  /// False where the channels reach what needs them as they are.
  private mutating func follow(_ value: ValueID, _ channels: [Int], into user: Node, _ graph: Graph) -> Bool {
    guard user.inputs.first == value, !user.inputs.dropFirst().contains(value), let output = user.outputs.first else {
      return false
    }
    if let reader = LinearLayer(user, in: graph) {
      guard reader.channelAxis == 1, reader.inputs == channels.count, reader.canBeScaled(in: graph) else {
        return false
      }
      readers.append(Reader(layer: user.id, channels: channels))
      areReadApart = areReadApart && reader.isDepthwise
      return true
    }
    switch user.op {
    case let unary as Unary:
      guard unary.function.keepsFactors else { return false }
      isClamped = isClamped || unary.function.isClampedAbove
    case is MaxPool, is AveragePool, is GlobalMaxPool, is GlobalAveragePool, is Reshape: break
    default: return false
    }
    guard let op = user.op as? any ChannelKeeping,
      case .passed(let origins) = op.channelFlow(graph.operands(of: user), graph.type(of: output)),
      let origin = origins.first ?? nil, origin.allSatisfy({ channels.indices.contains($0) })
    else { return false }
    values.append((output, origin.map { channels[$0] }))
    return true
  }
}

extension LinearLayer {
  /// Whether the weights may become others: nothing else has them, and they lie on no grid that would be lost.
  fileprivate func canBeScaled(in graph: Graph) -> Bool {
    guard let weights = node.inputs[1] else { return false }
    return graph[weights].uses.count == 1 && graph.constant(weights)?.grid == nil
  }
}

extension UnaryFunction {
  /// Whether f(x / e) = f(x) / e for every e > 0, but for an upper bound.
  fileprivate var keepsFactors: Bool {
    switch self {
    case .identity, .abs, .neg, .leakyRelu: true
    case .clip(let lower, let upper): (lower == 0 || lower == -.infinity) && upper > 0
    default: false
    }
  }

  fileprivate var isClampedAbove: Bool {
    if case .clip(_, let upper) = self { upper < .infinity } else { false }
  }
}

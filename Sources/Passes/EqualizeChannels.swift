import IR
import Operators
import Tensors

extension Pass {
  /// Divides what layers compute by a factor for each channel, and multiplies it into the weights that read it.
  ///
  ///     y = f(W x); z = V y   ->   y' = f((W / e) x); z = (V e) y'
  ///
  /// Before: layers with constant weights (`EqualizableChannels`). Conditions: e > 0, and all weights stay finite.
  /// Formula: f(x / e) = f(x) / e. An upper bound of f stays as it is, so that a channel is cut off at e times the
  /// bound: factors are to leave room for all that the channel ever is.
  ///
  /// - Parameter factors: of the channels of layers of the graph the pass is run on
  package static func equalizeChannels(_ factors: [(channels: EqualizableChannels, factors: [Double])]) -> Pass {
    Pass("equalize-channels", "scale the channels of activations against each other") {
      (graph: inout Graph, log: inout PassLog) throws(Refusal) in
      for (channels, factors) in factors {
        guard let node = graph[channels.layer] else { continue }
        var isScaled = false
        try graph.attempt { (graph: inout Graph) throws(Refusal) in
          isScaled = try graph.scale(channels, by: factors)
          return isScaled
        }
        if isScaled {
          log.applied(node, "\(factors.count { $0 < 1 }) of \(factors.count) channels made larger")
        } else {
          log.refused(node, "weights would not be finite")
        }
      }
      graph.removeUnusedConstants()
    }
  }
}

extension Graph {
  fileprivate mutating func scale(_ channels: EqualizableChannels, by factors: [Double]) throws(Refusal) -> Bool {
    guard let layer = self[channels.layer].flatMap({ LinearLayer($0, in: self) }) else { return false }
    let zeros = [Double](repeating: 0, count: factors.count)
    guard
      try layer.foldAfter(
        scale: factors.map { 1 / $0 }, shift: zeros, activation: layer.activation, in: &self, origins: [])
    else { return false }
    for reader in channels.readers {
      guard let node = self[reader.layer], let x = node.inputs[0], let layer = LinearLayer(node, in: self),
        try layer.foldBefore(
          scale: reader.channels.map { factors[$0] }, shift: reader.channels.map { _ in 0 }, x: x, in: &self,
          origins: [])
      else { return false }
    }
    return true
  }
}

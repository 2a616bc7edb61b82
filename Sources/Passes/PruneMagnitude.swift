package import IR
import Math
import Operators
import Tensors

/// How far the weights that compete for removal reach.
package enum PruningScope: String, Sendable, CaseIterable {
  /// All layers together: those with small weights lose more.
  case global
  /// Each layer by itself loses the same fraction.
  case perLayer = "per-layer"
}

/// What tells weights that go from those that stay, where nothing but the weights is known.
package enum PruningScore: Sendable {
  /// |w|
  case magnitude
  /// The share that w has of what is left of its layer once all smaller ones are gone:
  ///
  ///     w^2 / sum of v^2 over all v of the layer that are not smaller
  ///
  /// (layer-adaptive magnitude-based pruning: J. Lee and others, arXiv:2010.07611). The largest weight of every layer
  /// scores 1, whatever the size of its inputs, so that no layer is emptied.
  case adaptive
}

extension Pass {
  /// Sets the weights of convolutions and fully connected layers to zero that score least.
  ///
  ///     w with score(w[i]) among the smallest k of n   ->   w[i] = 0
  ///
  /// Before: Conv, ConvTranspose and Gemm with constant weights, after scalings are folded into them. The first and
  /// the last layer take part; depthwise convolutions do not: they have few weights, and each is worth many.
  /// Conditions: 0 <= fraction < 1. Changes what the graph computes.
  /// Formula: k = round(fraction * n); where scores are equal, weights that come first in the graph go first. Biases
  /// stay. By magnitude a layer that reads the model's input loses no more than the fraction of its own: its weights
  /// are as small as the input is large, and for one of 0..255 would all be the smallest.
  ///
  /// - Parameter nodes: the layers that take part; nil for all
  package static func pruneMagnitude(
    fraction: Double, scope: PruningScope = .global, score: PruningScore = .magnitude, only nodes: Set<NodeID>? = nil
  ) -> Pass {
    Pass("prune-magnitude", "set the smallest weights to zero") {
      (graph: inout Graph, log: inout PassLog) throws(Refusal) in
      guard fraction >= 0, fraction < 1 else {
        throw Refusal("fraction \(fraction) is not at least 0 and below 1")
      }
      let layers = prunable(in: graph, score).filter { nodes?.contains($0.node.id) ?? true }
      switch scope {
      case .global:
        var together = layers
        while score == .magnitude,
          let index = together.firstIndex(where: { $0.readsInput && losesMore(than: fraction, $0, of: together) })
        {
          prune([together.remove(at: index)], fraction, &graph, &log)
        }
        prune(together, fraction, &graph, &log)
      case .perLayer: for layer in layers { prune([layer], fraction, &graph, &log) }
      }
    }
  }

  /// The layers whose weights may go, each tensor once however many layers share it.
  package static func prunableLayers(in graph: Graph) -> [Node] { prunable(in: graph, .magnitude).map(\.node) }

  private struct Prunable {
    let node: Node
    let weights: ValueID
    let tensor: Tensor
    let scores: [Float]
    /// Whether no layer with weights lies between the model's inputs and this one.
    let readsInput: Bool
  }

  private static func prunable(in graph: Graph, _ score: PruningScore) -> [Prunable] {
    var seen: Set<ValueID> = []
    var layers: [Prunable] = []
    // Values that are computed from the output of some layer.
    var behindLayers: Set<ValueID> = []
    for node in graph.nodesInOrder() {
      let layer = LinearLayer(node, in: graph)
      let readsInput = !node.inputs.contains { $0.map(behindLayers.contains) ?? false }
      if layer != nil || !readsInput { behindLayers.formUnion(node.outputs) }
      guard let layer, let weights = graph.input(node, 1), let tensor = graph.constant(weights),
        seen.insert(weights).inserted, !layer.isDepthwise
      else { continue }
      let numbers = tensor.elements(as: Float.self)
      layers.append(
        Prunable(
          node: node, weights: weights, tensor: tensor,
          scores: score == .magnitude ? numbers : adaptiveScores(numbers), readsInput: readsInput))
    }
    return layers
  }

  private static func adaptiveScores(_ weights: [Float]) -> [Float] {
    // Bit patterns of non-negative floats are ordered as the numbers are; equal ones by their place.
    let order = weights.indices.map { UInt64(weights[$0].magnitude.bitPattern) << 32 | UInt64($0) }.sorted()
    var scores = [Float](repeating: 0, count: weights.count)
    var left = 0.0
    for key in order.reversed() {
      let index = Int(key & 0xffff_ffff)
      let square = Double(weights[index]) * Double(weights[index])
      left += square
      scores[index] = left > 0 ? Float(square / left) : 0
    }
    return scores
  }

  private static func count(_ layers: [Prunable], _ fraction: Double) -> Int {
    Int((fraction * Double(layers.reduce(0) { $0 + $1.tensor.count })).rounded())
  }

  /// Whether a layer loses more than the fraction of its own weights where all of `layers` lose it together.
  private static func losesMore(than fraction: Double, _ layer: Prunable, of layers: [Prunable]) -> Bool {
    let wanted = count(layers, fraction)
    guard wanted > 0 else { return false }
    let largest = SmallestMagnitudes(wanted, of: layers.map(\.scores)).largest
    let below = layer.scores.count { $0.magnitude <= largest }
    return below > max(1, count([layer], fraction))
  }

  private static func prune(
    _ layers: [Prunable], _ fraction: Double, _ graph: inout Graph, _ log: inout PassLog
  ) {
    let wanted = count(layers, fraction)
    guard wanted > 0 else { return }
    var smallest = SmallestMagnitudes(wanted, of: layers.map(\.scores))
    for layer in layers {
      var zeros = 0
      let pruned = Tensor(layer.tensor.type) { bytes in
        let numbers = bytes.bindMemory(to: Float.self)
        for (index, number) in layer.tensor.elements(as: Float.self).enumerated() {
          numbers[index] = smallest.take(layer.scores[index]) ? 0 : number
          if numbers[index] == 0 { zeros += 1 }
        }
      }
      // Every layer that shares the weights gets the pruned ones.
      graph.replaceUses(of: layer.weights, with: graph.addConstant("\(graph[layer.weights].name)_pruned", pruned))
      log.applied(layer.node, "\(zeros) of \(layer.tensor.count) weights are zero")
    }
    graph.removeUnusedConstants()
  }
}

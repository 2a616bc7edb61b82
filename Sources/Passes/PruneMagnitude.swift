import IR
import Operators
import Tensors

/// How far the weights that compete for removal reach.
package enum PruningScope: String, Sendable, CaseIterable {
  /// All layers together: those with small weights lose more.
  case global
  /// Each layer by itself loses the same fraction.
  case perLayer = "per-layer"
}

extension Pass {
  /// Sets the smallest weights of convolutions and fully connected layers to zero.
  ///
  ///     w with |w[i]| among the smallest k of n   ->   w[i] = 0
  ///
  /// Before: Conv, ConvTranspose and Gemm with constant weights, after scalings are folded into them. The first and
  /// the last layer take part; depthwise convolutions do not: they have few weights, and each is worth many.
  /// Conditions: 0 <= fraction < 1. Changes what the graph computes.
  /// Formula: k = round(fraction * n); plain magnitudes, not normalised by layer; where magnitudes are equal, those
  /// that come first in the graph go first. Biases stay. A layer that reads the model's input loses no more than the
  /// fraction of its own: its weights are as small as the input is large, and for one of 0..255 would all be the
  /// smallest.
  package static func pruneMagnitude(fraction: Double, scope: PruningScope = .global) -> Pass {
    Pass("prune-magnitude", "set the smallest weights to zero") {
      (graph: inout Graph, log: inout PassLog) throws(Refusal) in
      guard fraction >= 0, fraction < 1 else {
        throw Refusal("fraction \(fraction) is not at least 0 and below 1")
      }
      let layers = prunable(in: graph)
      switch scope {
      case .global:
        var together = layers
        while let index = together.firstIndex(where: { $0.readsInput && losesMore(than: fraction, $0, of: together) }) {
          prune([together.remove(at: index)], fraction, &graph, &log)
        }
        prune(together, fraction, &graph, &log)
      case .perLayer: for layer in layers { prune([layer], fraction, &graph, &log) }
      }
    }
  }

  private struct Prunable {
    let node: Node
    let weights: ValueID
    let tensor: Tensor
    /// Whether no layer with weights lies between the model's inputs and this one.
    let readsInput: Bool
  }

  /// The weights that may go, each tensor once however many layers share it.
  private static func prunable(in graph: Graph) -> [Prunable] {
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
      layers.append(Prunable(node: node, weights: weights, tensor: tensor, readsInput: readsInput))
    }
    return layers
  }

  /// Whether a layer loses more than the fraction of its own weights where all of `layers` lose it together.
  private static func losesMore(than fraction: Double, _ layer: Prunable, of layers: [Prunable]) -> Bool {
    func count(_ layers: [Prunable]) -> Int {
      Int((fraction * Double(layers.reduce(0) { $0 + $1.tensor.count })).rounded())
    }
    guard count(layers) > 0 else { return false }
    let threshold = Threshold(smallest: count(layers), of: layers.map(\.tensor))
    let below = layer.tensor.elements(as: Float.self).count { $0.magnitude.bitPattern <= threshold.bits }
    return below > max(1, count([layer]))
  }

  private static func prune(
    _ layers: [Prunable], _ fraction: Double, _ graph: inout Graph, _ log: inout PassLog
  ) {
    let total = layers.reduce(0) { $0 + $1.tensor.count }
    let wanted = Int((fraction * Double(total)).rounded())
    guard wanted > 0 else { return }
    let threshold = Threshold(smallest: wanted, of: layers.map(\.tensor))
    var ties = threshold.ties
    for layer in layers {
      var zeros = 0
      let pruned = Tensor(layer.tensor.type) { bytes in
        let numbers = bytes.bindMemory(to: Float.self)
        for (index, number) in layer.tensor.elements(as: Float.self).enumerated() {
          let bits = number.magnitude.bitPattern
          var stays = bits > threshold.bits
          if bits == threshold.bits {
            stays = ties == 0
            if !stays { ties -= 1 }
          }
          numbers[index] = stays ? number : 0
          if numbers[index] == 0 { zeros += 1 }
        }
      }
      // Every layer that shares the weights gets the pruned ones.
      graph.replaceUses(of: layer.weights, with: graph.addConstant("\(graph[layer.weights].name)_pruned", pruned))
      log.applied(layer.node, "\(zeros) of \(layer.tensor.count) weights are zero")
    }
    graph.removeUnusedConstants()
  }

  /// The magnitude up to which weights go, found by counting: nothing is sorted.
  private struct Threshold {
    /// Bit patterns of non-negative floats are ordered as the numbers are.
    let bits: UInt32
    /// How many of those equal to `bits` go.
    let ties: Int

    init(smallest wanted: Int, of tensors: [Tensor]) {
      // First the upper half of the bits, then the lower half within the chosen upper one.
      let (upper, below) = Threshold.select(wanted, tensors) { Int($0 >> 16) }
      let (lower, before) = Threshold.select(wanted - below, tensors) { bits in
        Int(bits >> 16) == upper ? Int(bits & 0xffff) : nil
      }
      bits = UInt32(upper) << 16 | UInt32(lower)
      ties = wanted - below - before
    }

    /// The bin in which the `wanted`-th smallest lies, and how many lie in those before it.
    private static func select(
      _ wanted: Int, _ tensors: [Tensor], bin: (UInt32) -> Int?
    ) -> (bin: Int, before: Int) {
      var counts = [Int](repeating: 0, count: 1 << 16)
      for tensor in tensors {
        for number in tensor.elements(as: Float.self) {
          if let index = bin(number.magnitude.bitPattern) { counts[index] += 1 }
        }
      }
      var before = 0
      for (index, count) in counts.enumerated() {
        if before + count >= wanted { return (index, before) }
        before += count
      }
      return (counts.count - 1, before)
    }
  }
}

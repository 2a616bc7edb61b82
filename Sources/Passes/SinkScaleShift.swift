import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Moves batch normalisations and channelwise scalings below pooling: there are fewer elements to scale, and a layer
  /// to fold them into may be near.
  ///
  ///     y = ScaleShift(x, s, t); z = MaxPool(y)   ->   p = MaxPool(x); z = ScaleShift(p, s, t)
  ///
  /// Before: BatchNormalization or ScaleShift before MaxPool, AveragePool, GlobalMaxPool or GlobalAveragePool.
  /// Conditions: nothing else uses y; no activation; for maxima no s is negative; for means no padding is counted, or
  /// all t are 0.
  /// Formula: max(s * x + t) = s * max(x) + t for s >= 0; mean(s * x + t) = s * mean(x) + t.
  package static let sinkScaleShift = Pass("sink-scale-shift", "move channelwise scalings below pooling") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let scaling = ChannelScaling(node, in: graph), scaling.activation == .identity,
        let y = node.outputs.first, let pool = graph.soleUser(of: y), let z = pool.outputs.first
      else { continue }
      switch pool.op {
      case is MaxPool, is GlobalMaxPool:
        guard scaling.scale.allSatisfy({ $0 >= 0 }) else {
          log.refused(node, "a negative scale would turn the maxima of \(pool.name) into minima")
          continue
        }
      case let average as AveragePool:
        let countsPadding = average.countIncludePad && average.window.pads != [0, 0, 0, 0]
        guard !countsPadding || scaling.shift.allSatisfy({ $0 == 0 }) else {
          log.refused(node, "\(pool.name) counts zeros, which would have to be shifted too")
          continue
        }
      case is GlobalAveragePool: break
      default: continue
      }
      let pooled = try graph.insert(pool.op, pool.name, inputs: [scaling.x], for: pool)
      let scaled = try graph.insert(node.op, node.name, inputs: [pooled] + node.inputs.dropFirst(), for: node)
      graph.replaceUses(of: z, with: scaled)
      graph.erase(pool.id)
      graph.erase(id)
      log.applied(node, "below \(pool.name)")
    }
  }
}

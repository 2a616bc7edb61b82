import IR
import Operators
import Tensors

extension Pass {
  /// Sees the three operators that interleave groups of channels as one.
  ///
  ///     a = Reshape(x: [N, C, H, W]) -> [N, g, C / g, H, W]
  ///     b = Transpose(a, [0, 2, 1, 3, 4])                     ->   y = ChannelShuffle(x) groups=g
  ///     y = Reshape(b) -> [N, C, H, W]
  ///
  /// Conditions: nothing else uses a and b. Exact.
  package static let recogniseChannelShuffle = Pass(
    "recognise-channel-shuffle", "see reshape, transpose, reshape as a channel shuffle"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let last = graph[id], last.op is Reshape, let b = graph.input(last, 0), let y = last.outputs.first,
        let middle = graph.producer(of: b), let transpose = middle.op as? Transpose, let a = graph.input(middle, 0),
        let first = graph.producer(of: a), first.op is Reshape, let x = graph.input(first, 0)
      else { continue }
      let shape = graph.shape(x)
      let split = graph.shape(a)
      // Height and width may have been merged in the middle.
      guard shape.count == 4, graph.shape(y) == shape, split.count >= 4, split[0] == shape[0],
        split[1] * split[2] == shape[1], split[3...].reduce(1, *) == shape[2] * shape[3],
        transpose.order(rank: split.count) == [0, 2, 1] + Array(3..<split.count)
      else { continue }
      guard graph.soleUser(of: a) != nil, graph.soleUser(of: b) != nil else {
        log.refused(last, "the values inside are used elsewhere")
        continue
      }
      try graph.rewrite(
        last, as: ChannelShuffle(groups: split[1]), inputs: [x], origins: first.origins + middle.origins)
      graph.erase(middle.id)
      graph.erase(first.id)
      log.applied(last, "\(split[1]) groups of \(split[2]) channels")
    }
  }
}

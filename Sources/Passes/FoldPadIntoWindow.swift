import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Lets convolutions and pooling pad for themselves.
  ///
  ///     y = Pad(x, 0); z = Conv(y, w) pads=p   ->   z = Conv(x, w) pads=p + pad
  ///
  /// Before: Pad with a constant along height and width, before Conv, AveragePool or MaxPool.
  /// Conditions: nothing is cut off and nothing else reads y.
  /// - Conv: the value is 0.
  /// - AveragePool: the value is 0 and the pool counted all positions of its input (it had no padding of its own, or
  ///   counted it): it counts the padding now. Sizes are rounded down.
  /// - MaxPool: the value cannot win: it is not above any value of x. Sizes are rounded down.
  /// - Pooling: no window lies in padding alone (the operators refuse that). Exact.
  package static let foldPadIntoWindow = Pass("fold-pad-into-window", "let convolutions and pooling pad for themselves")
  {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let pad = node.op as? Pad, let x = graph.input(node, 0), let y = node.outputs.first,
        let user = graph[y].uses.map(\.node).min().flatMap({ graph[$0] }), graph.shape(x).count == 4
      else { continue }
      guard user.op is Conv || user.op is AveragePool || user.op is MaxPool else { continue }
      if let reason = obstacle(pad, y, graph) {
        log.refused(node, reason)
        continue
      }
      switch padded(user.op, by: pad, lowerBound: graph.lowerBound(of: x)) {
      case .failure(let reason): log.refused(node, reason.reason)
      case .success(let op):
        var inputs = user.inputs
        inputs[0] = x
        if let reason = graph.objection(to: op, on: inputs) {
          log.refused(node, "\(user.name) would refuse: \(reason)")
          continue
        }
        try graph.rewrite(user, as: op, inputs: inputs, origins: node.origins)
        graph.erase(id)
        log.applied(node, "into \(user.name)")
      }
    }
  }

  private static func obstacle(_ pad: Pad, _ y: ValueID, _ graph: Graph) -> String? {
    guard graph.soleUser(of: y) != nil else { return "not exactly one node uses its result" }
    guard pad.mode == .constant else { return "it pads with \(pad.mode.rawValue), windows pad with constants" }
    guard [0, 1, 4, 5].allSatisfy({ pad.pads[$0] == 0 }) else { return "it pads images or channels" }
    guard pad.pads.allSatisfy({ $0 >= 0 }) else { return "it cuts off positions" }
    return nil
  }

  private static func padded(
    _ op: any Operator, by pad: Pad, lowerBound: Float
  ) -> Result<any Operator, Refusal> {
    func widened(_ window: Window) -> Window {
      var result = window
      result.pads = zip(window.pads, [pad.pads[2], pad.pads[3], pad.pads[6], pad.pads[7]]).map { $0 + $1 }
      return result
    }
    switch op {
    case var conv as Conv:
      guard pad.value == 0 else { return .failure(Refusal("it pads with \(pad.value), convolutions with 0")) }
      conv.window = widened(conv.window)
      return .success(conv)
    case let pool as AveragePool:
      guard pad.value == 0 else { return .failure(Refusal("it pads with \(pad.value), pooling with 0")) }
      guard pool.countIncludePad || pool.window.pads.allSatisfy({ $0 == 0 }) else {
        return .failure(Refusal("the pooling after it has padding of its own that it does not count"))
      }
      guard !pool.ceiling else { return .failure(Refusal("the pooling after it rounds sizes up")) }
      return .success(AveragePool(window: widened(pool.window), countIncludePad: true))
    case let pool as MaxPool:
      guard pad.value <= lowerBound else {
        return .failure(Refusal("\(pad.value) could be the largest value of a window"))
      }
      guard !pool.ceiling else { return .failure(Refusal("the pooling after it rounds sizes up")) }
      return .success(MaxPool(window: widened(pool.window)))
    default:
      return .failure(Refusal("\(op.name) does not pad"))
    }
  }
}

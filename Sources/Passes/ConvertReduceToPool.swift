import IR
import Math
import Operators
import Tensors

extension Pass {
  /// Sees means and maxima over whole images as global pooling.
  ///
  ///     y = Reduce(x) function=mean axes=[2, 3]        ->   y = GlobalAveragePool(x)
  ///     y = Reduce(x) ... keepdims=0                   ->   p = GlobalAveragePool(x); y = Reshape(p)
  ///     y = AveragePool(x) of one window, the image    ->   y = GlobalAveragePool(x)
  ///
  /// Conditions: x is [N, C, H, W]; a pooling window covers the image exactly, without padding. Maxima become
  /// GlobalMaxPool alike. Formula: the same sum in another order.
  package static let convertReduceToPool = Pass(
    "convert-reduce-to-pool", "see means and maxima over whole images as global pooling"
  ) { (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let x = graph.input(node, 0), let output = node.outputs.first else { continue }
      let shape = graph.shape(x)
      guard shape.count == 4, graph.type(of: x).element == .float32, let pool = globalPool(node.op, shape) else {
        continue
      }
      if graph.shape(output).count == 4 {
        try graph.rewrite(node, as: pool, inputs: [x])
      } else {
        let pooled = try graph.insert(pool, node.name, inputs: [x], for: node)
        try graph.rewrite(node, as: Reshape(shape: [0, shape[1]]), inputs: [pooled])
      }
      log.applied(node, "\(pool.name) of \(shape[2])x\(shape[3])")
    }
  }

  /// The global pooling an operator comes to on images of a shape.
  private static func globalPool(_ op: any Operator, _ shape: [Int]) -> (any Operator)? {
    func covers(_ window: Window) -> Bool {
      window.kernel == Array(shape[2...]) && window.dilations == [1, 1] && window.pads == [0, 0, 0, 0]
    }
    switch op {
    case let reduce as Reduce where reduce.dimensions(rank: 4).sorted() == [2, 3]:
      return reduce.function == .mean ? GlobalAveragePool() : reduce.function == .max ? GlobalMaxPool() : nil
    case let pool as AveragePool where covers(pool.window): return GlobalAveragePool()
    case let pool as MaxPool where covers(pool.window): return GlobalMaxPool()
    default: return nil
    }
  }
}

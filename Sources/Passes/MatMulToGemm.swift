import IR
import Operators
import Tensors

extension Pass {
  /// Sees a product with a constant matrix as a fully connected layer.
  ///
  ///     y = MatMul(x, b: [K, M])   ->   y = Gemm(x, w: [M, K])
  ///
  /// Conditions: b is a constant of rank 2, x has at least rank 2. w is b transposed. Exact.
  package static let matMulToGemm = Pass("matmul-to-gemm", "see products with constant matrices as layers") {
    (graph: inout Graph, log: inout PassLog) throws(Refusal) in
    for id in graph.nodeIDs {
      guard let node = graph[id], let product = node.op as? MatMul, product.alpha == 1, let x = graph.input(node, 0),
        let b = graph.input(node, 1)
      else {
        continue
      }
      guard let matrix = graph.constant(b), var layer = Gemm(product: graph.type(of: x), Operand(matrix)) else {
        log.noEffect(node, "its right operand is not a constant matrix")
        continue
      }
      let weights: [Tensor]
      do throws(Refusal) {
        weights = try evaluateConstants(Transpose(perm: [1, 0]), inputs: [matrix])
      } catch {
        throw error.at(node)
      }
      layer.transB = true
      let w = weights.map { graph.addConstant("\(node.name)_weights", $0) }
      try graph.rewrite(node, as: layer, inputs: [x] + w)
      log.applied(node, "\(matrix.shape[1]) outputs of \(matrix.shape[0]) inputs")
    }
  }
}

import IR
import Operators
import Tensors

/// FULLY_CONNECTED and BATCH_MATMUL.
enum MatrixProducts: TFLiteFamily {
  static let readers: [String: OperatorReader] = ["BATCH_MATMUL": batchMatMul, "FULLY_CONNECTED": fullyConnected]

  private enum DenseField { static let activation = 0, weightsFormat = 1, keepsDimensions = 2 }
  private enum ProductField { static let transposesA = 0, transposesB = 1 }

  /// Weights are [O, I]. Without keep_num_dims the input is a matrix of as many columns, whatever its shape.
  private static func fullyConnected(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    guard try node.choice(DenseField.weightsFormat) == 0 else {
      throw Refusal("its weights are shuffled, which is not supported")
    }
    var x = try node.symbol(try node.input(0, "input"))
    let w = try node.symbol(try node.input(1, "weights"))
    guard w.shape.count == 2 else { throw Refusal("its weights have shape \(w.shape), expected 2 dimensions") }
    if try !node.bool(DenseField.keepsDimensions), x.shape.count != 2 {
      x = try node.add(step: "rows", Reshape(shape: [-1, w.shape[1]]), [x])
    }
    let activation = try node.activation(DenseField.activation)
    let bias = try node.optional(2).map { value throws(Refusal) in try node.symbol(value) }
    guard w.constant == nil else {
      return try node.finish(Gemm(transB: true), bias.map { [x, w, $0] } ?? [x, w], activation: activation)
    }
    let columns = try node.add(step: "weights", Transpose(perm: [1, 0]), [w])
    guard let bias else { return try node.finish(MatMul(), [x, columns], activation: activation) }
    let product = try node.add(step: "product", MatMul(), [x, columns])
    return try node.finish(Binary(.add), [product, bias], activation: activation)
  }

  private static func batchMatMul(_ node: inout NodeImport) throws(Refusal) -> [TensorValue] {
    var operands: [Symbol] = []
    for (index, field) in [ProductField.transposesA, ProductField.transposesB].enumerated() {
      var operand = try node.symbol(try node.input(index, "operand"))
      if try node.bool(field) {
        let rank = operand.shape.count
        guard rank >= 2 else { throw Refusal("an operand has shape \(operand.shape), expected a matrix") }
        let order = Array(0..<rank - 2) + [rank - 1, rank - 2]
        operand = try node.add(step: "transpose_\(index)", Transpose(perm: order), [operand])
      }
      operands.append(operand)
    }
    return try node.finish(MatMul(), operands)
  }
}

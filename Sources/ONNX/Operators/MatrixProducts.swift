import IR
import Operators
import Tensors

/// Gemm and MatMul.
enum MatrixProducts: ONNXFamily {
  static let readers: [String: NodeReader] = ["Gemm": gemm, "MatMul": matMul]

  /// y = alpha * A' * B' + beta * C. Factors go into constants where they can.
  static func gemm(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let alpha = try node.float("alpha", default: 1)
    let beta = try node.float("beta", default: 1)
    var a = try node.input(0, "A")
    var b = try node.input(1, "B")
    let transB = try node.bool("transB", default: false)
    node.ignore("broadcast")
    guard a.shape.count == 2, b.shape.count == 2 else {
      throw Refusal("A has shape \(a.shape) and B \(b.shape), expected 2 dimensions each")
    }
    if try node.bool("transA", default: false) {
      a = try node.add(step: "transpose_a", Transpose(perm: [1, 0]), [a])
    }
    if alpha != 1 {
      let factor = node.constant("alpha", Tensor(scalar: alpha))
      if b.constant != nil || a.constant == nil {
        b = try node.add(step: "alpha_b", Binary(.mul), [b, factor])
      } else {
        a = try node.add(step: "alpha_a", Binary(.mul), [a, factor])
      }
    }
    var c = node.optional(2)
    if let given = c, beta != 1 {
      let factor = node.constant("beta", Tensor(scalar: beta))
      c = beta == 0 ? nil : try node.add(step: "beta_c", Binary(.mul), [given, factor])
    }
    guard b.constant != nil else {
      if transB { b = try node.add(step: "transpose_b", Transpose(perm: [1, 0]), [b]) }
      guard let c else { return try node.add(MatMul(), [a, b]) }
      let product = try node.add(step: "product", MatMul(), [a, b])
      return try node.add(Binary(.add), [product, c])
    }
    let layer = Gemm(transB: transB)
    guard let c else { return try node.add(layer, [a, b]) }
    if let bias = c.constant, let row = biasRow(bias, b.shape[transB ? 0 : 1]) {
      return try node.add(layer, [a, b, row.shape == bias.shape ? c : node.constant("bias", row)])
    }
    let product = try node.add(step: "product", layer, [a, b])
    return try node.add(Binary(.add), [product, c])
  }

  /// A constant C as one bias for each column, if it is that.
  private static func biasRow(_ c: Tensor, _ columns: Int) -> Tensor? {
    if c.count == columns && c.shape.last == columns { return c.reshaped([columns]) }
    guard c.count == 1, let value = c.floats()?.first else { return nil }
    return Tensor([Float](repeating: value, count: columns))
  }

  /// Known products are computed, not layers.
  private static func matMul(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let a = try node.input(0, "a")
    let b = try node.input(1, "b")
    if a.constant == nil, let layer = Gemm(product: a.type, Operand(b.type, constant: b.constant)) {
      return try node.add(layer, [a, b])
    }
    return try node.add(MatMul(), [a, b])
  }
}

extension MatMul: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.addProduct(node, inputs: emission.names(node.inputs), alpha: alpha, to: emission.name(node.outputs[0]))
  }
}

extension MatMulInt8: ONNXWritable {
  var opset: Int { output?.function.onnx.opset ?? ONNXWriter.baseOpset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let inputs = try emission.reals(node)
    emission.finished(node, by: output) { emission, result in
      emission.addProduct(node, inputs: inputs, alpha: alpha, to: result)
    }
  }
}

extension Gemm: ONNXWritable {
  var opset: Int { activation.onnx.opset }

  /// ONNX's Gemm takes matrices. For other shapes it is a MatMul, which reads back as the same layer; where that cannot
  /// say it, with a bias or turned weights, they are made matrices and restored.
  func write(_ node: Node, to emission: inout Emission) {
    emission.activated(node, by: activation) { emission, result in
      let inputs = emission.names(node.inputs)
      if emission.graph.type(of: node.outputs[0]).rank != 2, !transB, inputs.count == 2 {
        emission.add("MatMul", name: node.name, inputs: inputs, outputs: [result])
      } else {
        emission.addMatrices(node, inputs: inputs, transB: transB, to: result)
      }
    }
  }
}

extension Emission {
  fileprivate mutating func addProduct(_ node: Node, inputs: [String], alpha: Float, to result: String) {
    guard alpha != 1 else { return add("MatMul", name: node.name, inputs: inputs, outputs: [result]) }
    let product = temporary(node, "product")
    add("MatMul", name: node.name, inputs: inputs, outputs: [product])
    let factor = constant(node, "alpha", Tensor(scalar: alpha))
    add("Mul", name: temporary(node, "scaled"), inputs: [product, factor], outputs: [result])
  }

  /// Adds a Gemm over the last dimension of the first input; what is no matrix is made one, and the result restored.
  fileprivate mutating func addMatrices(_ node: Node, inputs: [String], transB: Bool, to result: String) {
    let attributes: [String: Attribute] = transB ? ["transB": .int(1)] : [:]
    let output = graph.type(of: node.outputs[0]).shape
    guard output.count != 2 else {
      return add("Gemm", name: node.name, inputs: inputs, outputs: [result], attributes)
    }
    guard let inner = node.inputs[0].flatMap({ graph.type(of: $0).shape.last }) else {
      preconditionFailure("a product of matrices has an input with a last dimension")
    }
    let rows = temporary(node, "rows")
    add(
      "Reshape", name: rows, inputs: [inputs[0], constant(node, "rows_shape", ints: [-1, inner])], outputs: [rows])
    let product = temporary(node, "product")
    add("Gemm", name: node.name, inputs: [rows] + inputs.dropFirst(), outputs: [product], attributes)
    // The first dimension may be a free batch.
    let shape = output.count > 1 ? [-1] + output.dropFirst() : output
    add(
      "Reshape", name: temporary(node, "restored"), inputs: [product, constant(node, "shape", ints: shape)],
      outputs: [result])
  }
}

extension GemmInt8: ONNXWritable {
  var opset: Int { output?.function.onnx.opset ?? ONNXWriter.baseOpset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let inputs = try emission.weighted(node)
    emission.finished(node, by: output) { emission, result in
      emission.addMatrices(node, inputs: inputs, transB: true, to: result)
    }
  }
}

package import IR
package import Math
package import Tensors

/// A fully connected layer, float32: y = activation(x * w' + b) over the last dimension of x.
///
/// Inputs: x [..., K], w [M, K] (or [K, M] without trans_b) and b [M] (constants; b optional, one element repeats).
/// Output: [..., M].
package struct Gemm: Operator, ActivationCarrying, ParameterCarrying {
  package static let name = "Gemm"

  /// Whether w is [M, K].
  package var transB: Bool
  package var activation: UnaryFunction

  package init(transB: Bool = true, activation: UnaryFunction = .identity) {
    self.transB = transB
    self.activation = activation
  }

  /// The layer that the product of `a` and a constant matrix `b` is: they are its input and its weights as they lie.
  /// Nil for other products.
  package init?(product a: TensorType, _ b: Operand) {
    guard b.constant != nil, b.type.rank == 2, a.rank >= 2 else { return nil }
    self.init(transB: false)
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    transB = try attributes.bool("trans_b", default: true)
    activation = try attributes.activation()
  }

  package func write(to attributes: inout AttributeWriter) {
    if !transB { attributes.set("trans_b", false) }
    attributes.set(activation: activation)
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    let w = try inputs.required(1, "weights")
    try x.expect(.float32, "x")
    try w.expect(.float32, "weights")
    let shape = try Gemm.outputShape(x: x.shape, w: w.shape, transB: transB)
    if let b = inputs.optional(2) {
      try b.expect(.float32, "bias")
      let columns = shape[shape.count - 1]
      guard b.shape.allSatisfy({ $0 == 1 }) || b.type.count == columns && b.shape.last == columns else {
        throw Refusal("bias has shape \(b.shape), expected [\(columns)]")
      }
    }
    return [TensorType(.float32, shape)]
  }

  /// The output shape of a fully connected layer, shared by its int8 twin.
  package static func outputShape(x: [Int], w: [Int], transB: Bool) throws(Refusal) -> [Int] {
    guard w.count == 2 else { throw Refusal("weights have shape \(w), expected 2 dimensions") }
    let inner = transB ? w[1] : w[0]
    let columns = transB ? w[0] : w[1]
    guard let last = x.last, last == inner else {
      throw Refusal("x has shape \(x), weights \(w) expect \(inner) in its last dimension")
    }
    guard inner > 0, columns > 0 else { throw Refusal("weights \(w) are empty") }
    return try checkedShape(x.dropLast() + [columns])
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let x = inputs.optional(0), let y = outputs.first else { return Work() }
    return Work(macs: y.count * (x.shape.last ?? 0), elementOperations: activation == .identity ? 0 : y.count)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let shape = try site.inputs.required(1, "weights").shape
    let weights = try site.constantFloats(1, "weights")
    let columns = site.outputs[0].shape.last ?? 0
    var bias: [Float]?
    if site.inputs.optional(2) != nil {
      let values = try site.constantFloats(2, "bias")
      bias = values.count == 1 ? [Float](repeating: values[0], count: columns) : values
    }
    let rows = x.type.count / max(1, x.shape.last ?? 1)
    guard rows > 0 else { return try site.emptyKernel() }
    return MatrixProduct.kernel(
      rows: rows, weights: transB ? weights : MatrixProduct.transposed(weights, rows: shape[0], columns: shape[1]),
      columns: columns, bias: bias, activation: activation, math: site.math)
  }
}

extension Gemm: Int8ConvertibleLayer {
  package func int8Refusal(_ inputs: [Operand?]) -> String? { weightsRefusal(inputs) }

  package func channelAxis(rank: Int) -> Int { rank - 1 }

  package func weights(_ inputs: [Operand?]) -> LayerWeights? {
    guard let weights = inputs.optional(1)?.constant, let values = weights.floats() else { return nil }
    let (rows, columns) = (weights.shape[0], weights.shape[1])
    let outputs = transB ? rows : columns
    let bias = inputs.optional(2)?.constant?.floats() ?? []
    return LayerWeights(
      shape: [outputs, transB ? columns : rows],
      values: transB ? values : MatrixProduct.transposed(values, rows: rows, columns: columns),
      bias: bias.count == 1 ? [Float](repeating: bias[0], count: outputs) : bias)
  }

  package var outputAxis: Int { transB ? 0 : 1 }

  package func floatForm(_ weights: LayerWeights) -> (op: any ActivationCarrying, constants: [Tensor]) {
    let bias = weights.bias.isEmpty ? [] : [Tensor(weights.bias)]
    return (Gemm(activation: activation), [Tensor(weights.values, shape: weights.shape)] + bias)
  }

  package func int8Form(_: LayerWeights, output: Int8Output?) -> any Operator { GemmInt8(output: output) }
}

#if !RUNTIME_ONLY
extension Gemm: Differentiable {}
#endif

extension Gemm {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "weights")
    return [try product.add(Gemm(transB: !transB), product.gradient, product.input(1))]
  }
}

#if !RUNTIME_ONLY
extension Gemm: ChannelKeeping {
  package func channelFlow(_ inputs: [Operand?], _ output: TensorType) -> ChannelFlow? {
    guard inputs.isFlowing(0), inputs.optional(1)?.constant != nil, !inputs.isFlowing(2), output.rank == 2 else {
      return nil
    }
    return .mixed
  }

  package func keeping(
    _ kept: [[Int]?], output: [Int], of inputs: [Operand?]
  ) -> (op: any Operator, constants: [Int: Tensor]) {
    guard let weights = inputs.optional(1)?.constant, let channels = kept.first ?? nil else { return (self, [:]) }
    var constants = [
      1: weights.selecting(output, along: transB ? 0 : 1).selecting(channels, along: transB ? 1 : 0)
    ]
    if let bias = inputs.optional(2)?.constant, bias.count > 1 {
      constants[2] = bias.selecting(output, along: bias.type.rank - 1)
    }
    return (self, constants)
  }
}
#endif

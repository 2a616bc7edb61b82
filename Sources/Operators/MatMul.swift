package import IR
import Math
package import Tensors
import Threads

/// y = alpha * (a * b), the matrix product of the last two dimensions, float32; those before them broadcast, as in
/// NumPy.
///
/// A constant 2-D second operand is packed like the weights of a fully connected layer, others at each call: each
/// output is a chain of fused multiply-adds over k in order, in float32. Where there are too few rows to pay for
/// packing, products are rounded before they are added. Sums are multiplied by alpha when they are whole.
package struct MatMul: Operator, ParameterCarrying {
  package static let name = "MatMul"

  package var alpha: Float

  package init(alpha: Float = 1) {
    self.alpha = alpha
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    alpha = try attributes.finite("alpha", default: 1)
  }

  package func write(to attributes: inout AttributeWriter) {
    if alpha != 1 { attributes.set("alpha", alpha) }
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    try a.expect(.float32, "a")
    try b.expect(.float32, "b")
    return [TensorType(.float32, try MatrixPairs(a.shape, b.shape).output)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let a = inputs.optional(0), let y = outputs.first else { return Work() }
    return Work(macs: y.count * (a.shape.last ?? 0))
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let a = try site.inputs.required(0, "a")
    let b = try site.inputs.required(1, "b")
    let pairs = try MatrixPairs(a.shape, b.shape)
    guard site.outputs[0].count > 0 else { return try site.emptyKernel() }
    if b.type.rank <= 2 && pairs.inner > 0 && alpha == 1, let weights = b.constant?.floats() {
      return MatrixProduct.kernel(
        rows: a.type.count / pairs.inner,
        weights: MatrixProduct.transposed(weights, rows: pairs.inner, columns: pairs.columns),
        columns: pairs.columns, bias: nil, activation: .identity, math: site.math)
    }
    return pairs.inner > 0 && pairs.rows >= MatMul.fewRows ? packingKernel(pairs) : rowKernel(pairs)
  }

  /// Packing the second operand touches each of its numbers as a row does, and turns it besides.
  private static let fewRows = 4

  private func packingKernel(_ pairs: MatrixPairs) -> Kernel {
    let alpha = alpha
    let product = FloatProduct(rows: pairs.rows, inner: pairs.inner, columns: pairs.columns, parts: pairs.parts)
    return Kernel(scratch: product.scratch, implementation: product.implementation) { call in
      let left: UnsafePointer<Float> = call.input(0).pointer()
      let right: UnsafePointer<Float> = call.input(1).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      pairs.compute(call) { b, scratch in
        product.pack(right + b, scratch: scratch)
      } run: { part, a, y, scratch in
        let sums = product.run(part: part, left + a, to: output + y, scratch: scratch)
        if alpha != 1 { for index in sums.indices { sums[index] *= alpha } }
      }
    }
  }

  private func rowKernel(_ pairs: MatrixPairs) -> Kernel {
    let rows = pairs.rows
    let inner = pairs.inner
    let columns = pairs.columns
    let alpha = alpha
    return Kernel(implementation: "matmul_rows") { call in
      let left: UnsafePointer<Float> = call.input(0).pointer()
      let right: UnsafePointer<Float> = call.input(1).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: pairs.count * rows) { _, range in
        for unit in range {
          let offsets = pairs.offsets(ofPair: unit / rows)
          let a = left + offsets.left + unit % rows * inner
          let b = right + offsets.right
          let y = output + unit * columns
          y.update(repeating: 0, count: columns)
          for k in 0..<inner {
            let factor = a[k]
            let row = b + k * columns
            for column in 0..<columns { y[column] += factor * row[column] }
          }
          if alpha != 1 { for column in 0..<columns { y[column] *= alpha } }
        }
      }
    }
  }
}

extension MatMul: Int8ConvertibleProduct {
  /// Products of matrices that flow.
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    guard inputs.isFlowing(0), inputs.isFlowing(1) else { return "an operand is constant" }
    let shapes = inputs.compactMap { $0?.shape }
    guard shapes.allSatisfy({ $0.count >= 2 }), let inner = shapes[0].last else { return "an operand is a vector" }
    guard inner <= MatMulInt8.largestInner else { return "its sums of \(inner) products could leave int32" }
    // Packing the other operand touches each of its numbers as a row does.
    guard shapes[0][shapes[0].count - 2] >= MatMul.fewRows else { return "so few rows do not pay for conversions" }
    return nil
  }

  package var symmetricInput: Int { 1 }

  package func int8Form(output: Int8Output?) -> any Operator { MatMulInt8(alpha: alpha, output: output) }
}

#if !RUNTIME_ONLY
extension MatMul: Differentiable {}
#endif

extension MatMul {
  /// alpha * g b' and alpha * a' g, summed over what was broadcast.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (a, b) = (product.shape(ofInput: 0), product.shape(ofInput: 1))
    // A vector is a matrix of one row on the left, of one column on the right.
    let left = a.count == 1 ? [1] + a : a
    let right = b.count == 1 ? b + [1] : b
    let batch = try Broadcasting.shape(Array(left.dropLast(2)), Array(right.dropLast(2)))
    let gradient = try product.reshaped(
      product.gradient, batch + [left[left.count - 2], right[right.count - 1]])
    let op = MatMul(alpha: alpha)
    var result: [ValueID?] = [nil, nil]
    if product.wants(0) {
      let turned = try product.turned(product.reshaped(product.input(1), right))
      let back = try product.summed(product.add(op, gradient, turned), to: left)
      result[0] = try product.reshaped(back, a)
    }
    if product.wants(1) {
      let turned = try product.turned(product.reshaped(product.input(0), left))
      let back = try product.summed(product.add(op, turned, gradient), to: right)
      result[1] = try product.reshaped(back, b)
    }
    return result
  }
}

extension VectorJacobianProduct {
  /// The last two dimensions the other way round; of a constant at once.
  fileprivate mutating func turned(_ matrices: ValueID) throws(Refusal) -> ValueID {
    let rank = shape(matrices).count
    let turn = Transpose(perm: Array(0..<rank - 2) + [rank - 1, rank - 2])
    guard let constant = graph.constant(matrices) else { return try add(turn, matrices) }
    return self.constant(try evaluateConstants(turn, inputs: [constant])[0])
  }
}

import CKernels
package import IR
import Math
package import Tensors
import Threads

/// The matrix product of two int8 activations, as in attention; shapes as in `MatMul`, of rank 2 at least.
///
/// acc = sum over k of (q_a[i, k] - z_a) * max(q_b[k, j], -127) in int32, then the output stage of `Int8Output`:
/// y = clamp(rne(float32(acc) * m) + z_y, lower, upper) with m = float32(alpha * s_a * s_b / s_y). Without an output
/// quantization y = float32(acc) * float32(alpha * s_a * s_b). b has the zero point 0. K is at most `largestInner`, so
/// that no accumulator leaves int32.
package struct MatMulInt8: Operator {
  package static let name = "MatMulInt8"
  /// The most products of at most 255 * 127 whose sum fits int32.
  package static let largestInner = Int(Int32.max) / (255 * 127)

  package let alpha: Float
  /// Nil for float32 output.
  package let output: Int8Output?

  package init(alpha: Float = 1, output: Int8Output?) {
    self.alpha = alpha
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    alpha = try attributes.finite("alpha", default: 1)
    output = attributes.has("output_scale") ? try Int8Output(reading: &attributes) : nil
  }

  package func write(to attributes: inout AttributeWriter) {
    if alpha != 1 { attributes.set("alpha", alpha) }
    output?.write(to: &attributes)
  }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 2)
    let a = try inputs.required(0, "a")
    let b = try inputs.required(1, "b")
    _ = try a.quantized("a")
    let quantization = try b.quantized("b")
    guard quantization.zeroPoint == 0 else {
      throw Refusal("b has the zero point \(quantization.zeroPoint), expected 0")
    }
    guard a.type.rank >= 2, b.type.rank >= 2 else {
      throw Refusal("a has shape \(a.shape), b \(b.shape), expected matrices")
    }
    let pairs = try MatrixPairs(a.shape, b.shape)
    guard 1...MatMulInt8.largestInner ~= pairs.inner else {
      throw Refusal("sums have \(pairs.inner) products, expected 1 to \(MatMulInt8.largestInner)")
    }
    guard let output else { return [TensorType(.float32, pairs.output)] }
    return [TensorType(.int8, pairs.output, quantization: output.quantization)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let a = inputs.optional(0), let y = outputs.first else { return Work() }
    return Work(macs: y.count * (a.shape.last ?? 0), elementOperations: output?.hasTable == true ? y.count : 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let a = try site.inputs.required(0, "a")
    let b = try site.inputs.required(1, "b")
    guard site.outputs[0].count > 0 else { return try site.emptyKernel() }
    let pairs = try MatrixPairs(a.shape, b.shape)
    let product = Int8Product(rows: pairs.rows, inner: pairs.inner, columns: pairs.columns, parts: pairs.parts)
    let input = try a.quantized("a")
    let scale = Double(alpha) * Double(input.scale) * Double(try b.quantized("b").scale)
    let multiplier = Float(output.map { scale / Double($0.inner.scale) } ?? scale)
    /// Computes parts of pairs by `run` of the part's number, a and the pair's place in the output.
    @Sendable func compute(
      _ call: Call, run: (_ part: Int, _ a: UnsafePointer<Int8>, _ y: Int, UnsafeMutableRawPointer) -> Void
    ) {
      let left: UnsafePointer<Int8> = call.input(0).pointer()
      let right: UnsafePointer<Int8> = call.input(1).pointer()
      pairs.compute(call) { b, scratch in
        product.pack(right + b, multiplier: multiplier, inputZeroPoint: input.zeroPoint, scratch: scratch)
      } run: { part, a, y, scratch in
        run(part, left + a, y, scratch)
      }
    }
    guard let output else {
      return Kernel(scratch: product.scratch, implementation: product.implementation) { call in
        let y: UnsafeMutablePointer<Float> = call.output.pointer()
        compute(call) { product.run(part: $0, $1, toFloat: y + $2, inputZeroPoint: input.zeroPoint, scratch: $3) }
      }
    }
    let requantization = output.requantization(inputZeroPoint: input.zeroPoint)
    return Kernel(
      scratch: product.scratch, packedBytes: requantization.tableBytes, implementation: product.implementation
    ) { call in
      let y: UnsafeMutablePointer<Int8> = call.output.pointer()
      requantization.withStage { stage in
        compute(call) { product.run(part: $0, $1, to: y + $2, requantize: stage, scratch: $3) }
      }
    }
  }
}

extension MatMulInt8: FloatFormed {
  package func floatForm(_: [Operand?]) -> FloatForm {
    FloatForm(MatMul(alpha: alpha), flowing: 2, function: output?.floatFunction ?? .identity)
  }
}

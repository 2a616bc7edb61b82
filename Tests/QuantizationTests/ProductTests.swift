import IR
import Math
import Operators
import Quantization
import Tensors
import Testing

/// Products of two values that flow, as attention has them.
@Suite struct ProductTests {
  /// softmax(q k') v, behind layers and before one.
  private func attention(tokens: Int) throws -> Model {
    var model = Model()
    let x = model.input([1, tokens, 8])
    let q = try model.add("q", Gemm(), x, model.constant("q_w", [6, 8]), step: 1 / 32, zero: 9)
    // What is never negative would have the zero point -128 if it were not the second operand.
    let k = try model.add("k", Gemm(activation: .relu), x, model.constant("k_w", [6, 8]), step: 1 / 128, zero: -128)
    let v = try model.add("v", Gemm(), x, model.constant("v_w", [6, 8]), step: 1 / 64, zero: 1)
    let turned = try model.add("turned", Transpose(perm: [0, 2, 1]), k, step: 1 / 128, zero: -128)
    let scores = try model.add("scores", MatMul(alpha: 0.5), q, turned, step: 1 / 8)
    let weights = try model.add("weights", Softmax(), scores, step: 1 / 256, zero: -128)
    let mixed = try model.add("mixed", MatMul(), weights, v, step: 1 / 64, zero: -3)
    model.graph.addOutput(try model.add("last", Gemm(), mixed, model.constant("w", [3, 6])))
    return model
  }

  @Test func bothProductsOfAttentionAreInt8() throws {
    let result = try attention(tokens: 4).quantized()
    #expect(
      result.lines == [
        "int8 q", "int8 k", "int8 v", "pass-through turned", "int8 scores",
        "float32 weights: int8 has no form for Softmax", "int8 mixed", "int8 last",
      ])
    // The softmax has the bare sums; what a layer reads is int8.
    let scores = try result.node("scores")
    #expect(scores.op.isEqual(to: MatMulInt8(alpha: 0.5, output: nil)))
    let mixed = Int8Output(Quantization(scale: 1 / 64, zeroPoint: -3))
    #expect(try result.node("mixed").op.isEqual(to: MatMulInt8(output: mixed)))
  }

  /// Second operands are symmetric with all that share their scale, others as they were seen.
  @Test func secondOperandsAreSymmetric() throws {
    let result = try attention(tokens: 4).quantized()
    #expect(try result.quantization("q") == Quantization(scale: 1 / 32, zeroPoint: 9))
    let k = Quantization(scale: Float(255.0 / 128 / 127), zeroPoint: 0)
    #expect(try result.quantization("k") == k && result.quantization("turned") == k)
    // The 129 steps below zero are more than the 126 above.
    #expect(try result.quantization("v") == Quantization(scale: Float(129.0 / 64 / 127), zeroPoint: 0))
    #expect(try result.quantization("weights_quantized") == Quantization(scale: 1 / 256, zeroPoint: -128))
  }

  @Test func fewRowsStayFloat() throws {
    let lines = try attention(tokens: 3).quantized().lines
    #expect(lines.contains("float32 scores: so few rows do not pay for conversions"))
    #expect(lines.contains("int8 q") && lines.contains("int8 last"))
  }
}

import IR
import Math
import Operators
import Tensors
import Testing

struct QuantizationTests {
  @Test func quantizesAndBack() throws {
    let op = QuantizeLinear(Quantization(scale: 0.5, zeroPoint: -3))
    let x = Tensor([Float(0), 0.25, 0.75, -0.25, 100, -100, .nan], shape: [1, 7, 1, 1])
    let q = try compute(op, [x])[0]
    #expect(q.type == TensorType(.int8, [1, 7, 1, 1], quantization: Quantization(scale: 0.5, zeroPoint: -3)))
    #expect(q.elements(as: Int8.self) == [-3, -3, -1, -3, 127, -128, -3])
    #expect(try floats(DequantizeLinear(), [q]) == [0, 0, 1, 0, 65, -62.5, 0])
  }

  @Test func refuses() {
    #expect(refusal(DequantizeLinear(), [operand(.int8, 2)]) == "x is int8[2], it carries no quantization")
    #expect(refusal(DequantizeLinear(), [float32(2)]) == "x is float32, expected int8")
    #expect(
      attributeError("QuantizeLinear", ["scale": .float(0)]) == "attribute scale is 0.0, expected a positive number")
    #expect(
      attributeError("QuantizeLinear", ["scale": .float(1), "zero_point": .int(128)])
        == "attribute zero_point is 128, expected -128...127")
  }
}

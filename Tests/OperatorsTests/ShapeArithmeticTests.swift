import IR
import Math
import Operators
import Tensors
import Testing

struct ShapeArithmeticTests {
  @Test func tellsShapes() throws {
    let x = counting([2, 3, 4, 5])
    #expect(try compute(Shape(), [x])[0].elements(as: Int64.self) == [2, 3, 4, 5])
    #expect(try compute(Shape(start: 1, end: -1), [x])[0].elements(as: Int64.self) == [3, 4])
    #expect(try compute(Shape(start: -9, end: 9), [x])[0].elements(as: Int64.self) == [2, 3, 4, 5])
    #expect(try compute(Shape(start: 3, end: 1), [x])[0].elements(as: Int64.self) == [])
  }

  @Test func fillsShapes() throws {
    let op = ConstantOfShape(value: Tensor([Int64(7)]))
    let y = try compute(op, [integers([2, 2])], constants: [0])[0]
    #expect(y.shape == [2, 2])
    #expect(y.elements(as: Int64.self) == [7, 7, 7, 7])
    #expect(!op.isEqual(to: ConstantOfShape(value: Tensor([Int64(8)]))))
    #expect(refusal(op, [operand(.int64, 2)]) == "a shape that is computed at run time is not supported")
    #expect(refusal(op, [Operand(integers([-1]))])?.contains("beyond the limits") == true)
    #expect(
      attributeError("ConstantOfShape", ["value": .tensor(counting([2]))])
        == "attribute value is float32[2], expected one element")
  }

  @Test func integersWrapAround() throws {
    func values(_ function: Binary.Function, _ a: [Int64], _ b: [Int64]) throws -> [Int64] {
      try compute(Binary(function), [Tensor(a), Tensor(b)])[0].elements(as: Int64.self)
    }
    #expect(try values(.mod, [7, -7, 7, -7, 6, 5], [3, 3, -3, -3, -3, 0]) == [1, 2, -2, -1, 0, 0])
    #expect(try values(.remainder, [7, -7, 7, -7, .min, 5], [3, 3, -3, -3, -1, 0]) == [1, -1, 1, -1, 0, 0])
    #expect(try values(.div, [7, -7, .min, 5], [2, 2, -1, 0]) == [3, -3, .min, 0])
    #expect(try values(.add, [.max, 1], [1, 1]) == [.min, 2])
    #expect(try values(.bitAnd, [12, -1], [10, 5]) == [8, 5])
    #expect(try values(.bitOr, [12, 0], [10, 5]) == [14, 5])
    #expect(try values(.bitXor, [12, -1], [10, 5]) == [6, -6])
    #expect(try floats(Binary(.remainder), [Tensor([Float(5.5), -5.5]), Tensor([Float(2), 2])]) == [1.5, -1.5])
    let bytes = (Tensor([UInt8(200), 3, 1]), Tensor([UInt8(1), 2, 9]))
    #expect(try compute(Binary(.shiftLeft), [bytes.0, bytes.1])[0].elements(as: UInt8.self) == [144, 12, 0])
    #expect(try compute(Binary(.shiftRight), [bytes.0, bytes.1])[0].elements(as: UInt8.self) == [100, 0, 0])
    #expect(refusal(Binary(.mod), [operand(.float32, 2), operand(.float32, 2)]) == "mod of float32 is not supported")
    #expect(refusal(Binary(.shiftLeft), [operand(.int64, 2), operand(.int64, 2)])?.contains("not supported") == true)
  }

  @Test func comparesAllNumbers() throws {
    let bytes = [Tensor([UInt8(200), 3]), Tensor([UInt8(100), 3])]
    #expect(try compute(Compare(.greater), bytes)[0].doubles() == [1, 0])
    #expect(try compute(Compare(.lessOrEqual), [Tensor([Int8(-5)]), Tensor([Int8(5)])])[0].doubles() == [1])
    let truth = [Tensor([true, true, false]), Tensor([true, false, false])]
    #expect(try compute(Compare(.xor), truth)[0].doubles() == [0, 1, 0])
  }

  @Test func casts() throws {
    let x = Tensor([Float(-1.7), 0, 2.5, .nan, .infinity, -1e30])
    #expect(try compute(Cast(to: .int64), [x])[0].elements(as: Int64.self) == [-1, 0, 2, 0, .max, .min])
    #expect(try compute(Cast(to: .int8), [x])[0].elements(as: Int8.self) == [-1, 0, 2, 0, 127, -128])
    #expect(try compute(Cast(to: .bool), [x])[0].doubles() == [1, 0, 1, 1, 1, 1])
    #expect(try compute(Cast(to: .float64), [Tensor([Float(0.1)])])[0].doubles() == [Double(Float(0.1))])
    let wide = integers([300, -1, 0])
    #expect(try compute(Cast(to: .uint8), [wide])[0].elements(as: UInt8.self) == [44, 255, 0])
    #expect(try compute(Cast(to: .float32), [wide])[0].elements(as: Float.self) == [300, -1, 0])
    #expect(try compute(Cast(to: .int32), [Tensor([true, false])])[0].elements(as: Int32.self) == [1, 0])
    for from in ElementType.allCases {
      for to in ElementType.allCases {
        let zeros = Tensor(TensorType(from, [3])) { _ in }
        #expect(try compute(Cast(to: to), [zeros])[0].doubles() == [0, 0, 0])
      }
    }
    let quantizedType = TensorType(.int8, [1], quantization: Quantization(scale: 1, zeroPoint: 0))
    #expect(refusal(Cast(to: .float32), [Operand(quantizedType)])?.contains("DequantizeLinear") == true)
    #expect(attributeError("Cast", ["to": .string("complex64")])?.contains("expected one of float32") == true)
  }
}

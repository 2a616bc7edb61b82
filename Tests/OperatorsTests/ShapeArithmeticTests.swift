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

  /// Squaring is exact, where powers in double precision are not, and wraps around like all arithmetic of integers.
  @Test func powersOfIntegers() throws {
    func powers(_ a: [Int64], _ b: [Int64]) throws -> [Int64] {
      try compute(Binary(.pow), [Tensor(a), Tensor(b)])[0].elements(as: Int64.self)
    }
    #expect(try powers([3, -3, 7, 0, 0, 2], [39, 3, 0, 0, 5, 63]) == [4_052_555_153_018_976_267, -27, 1, 1, 0, .min])
    #expect(try powers([1, -1, -1, 2, 0, -2], [-3, -3, -4, -1, -1, -1]) == [1, -1, 1, 0, 0, 0])
    let bytes = [Tensor([UInt8(3), 16, 2]), Tensor([UInt8(5), 2, 7])]
    #expect(try compute(Binary(.pow), bytes)[0].elements(as: UInt8.self) == [243, 0, 128])
  }

  @Test func integersOfAllWidths() throws {
    func sum<Element: TensorElement & FixedWidthInteger>(_ a: Element, _ b: Element) throws -> [Element] {
      try compute(Binary(.add), [Tensor([a, 1]), Tensor([b, 1])])[0].elements()
    }
    #expect(try sum(Int16.max, 2) == [Int16.min + 1, 2])
    #expect(try sum(UInt16.max, 2) == [1, 2])
    #expect(try sum(UInt32.max, 2) == [1, 2])
    #expect(try sum(UInt64.max, 2) == [1, 2])
    // Without a sign the largest is above all others.
    #expect(try compute(Compare(.less), [Tensor([UInt64(5)]), Tensor([UInt64.max])])[0].doubles() == [1])
    #expect(try compute(Compare(.less), [Tensor([UInt32(5)]), Tensor([UInt32.max])])[0].doubles() == [1])
    #expect(try compute(Compare(.greater), [Tensor([UInt16(5)]), Tensor([UInt16.max])])[0].doubles() == [0])
    #expect(try compute(Compare(.greater), [Tensor([Int16(5)]), Tensor([Int16(-1)])])[0].doubles() == [1])
    let shifts = [Tensor([UInt64(1), .max]), Tensor([UInt64(63), 1])]
    #expect(try compute(Binary(.shiftLeft), shifts)[0].elements(as: UInt64.self) == [1 << 63, UInt64.max - 1])
    #expect(refusal(Binary(.shiftLeft), [operand(.int16, 2), operand(.int16, 2)])?.contains("not supported") == true)
    let top = try compute(TopK(count: 2), [Tensor([UInt64(5), .max, 1 << 63])])
    #expect(top[0].elements(as: UInt64.self) == [.max, 1 << 63] && top[1].integers() == [1, 2])
  }

  /// Two bytes move as one.
  @Test func narrowIntegersMove() throws {
    let x = Tensor((0..<120).map { UInt16($0 * 500) }, shape: [2, 3, 4, 5])
    let turned = try compute(Transpose(perm: [3, 1, 0, 2]), [x])[0].elements(as: UInt16.self)
    // At [2, 1, 1, 3] of [5, 3, 2, 4] what was at [1, 1, 3, 2].
    let (target, source) = (63, 97)
    #expect(turned[target] == UInt16(source * 500))
    let backwards = try compute(Slice(starts: [4], ends: [0], axes: [3], steps: [-2]), [x])[0]
    #expect(backwards.integers()?.prefix(2) == [2000, 1000])
    let kept = Tensor([true, false])
    let chosen = try compute(Where(), [kept, Tensor([Int16(-1), -2]), Tensor([Int16(3), 300])])[0]
    #expect(chosen.elements(as: Int16.self) == [-1, 300])
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
    let large = Tensor([UInt64.max, 1 << 63, 5])
    #expect(try compute(Cast(to: .float32), [large])[0].floats() == [0x1p64, 0x1p63, 5])
    #expect(try compute(Cast(to: .int64), [large])[0].integers() == [-1, .min, 5])
    #expect(try compute(Cast(to: .uint16), [large])[0].integers() == [65535, 0, 5])
    #expect(try compute(Cast(to: .bool), [large])[0].doubles() == [1, 1, 1])
    #expect(try compute(Cast(to: .uint64), [x])[0].elements(as: UInt64.self) == [0, 0, 2, 0, .max, 0])
    #expect(try compute(Cast(to: .int16), [x])[0].elements(as: Int16.self) == [-1, 0, 2, 0, .max, .min])
    #expect(try compute(Cast(to: .uint32), [wide])[0].elements(as: UInt32.self) == [300, .max, 0])
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

import IR
import Math
import Operators
import Tensors
import Testing

/// Operators are the same where nothing they compute could tell them apart.
struct EqualityTests {
  /// 1 / x tells zeros of both signs apart.
  @Test func signsOfZerosCount() throws {
    #expect(!Unary(.clip(lower: 0, upper: 6)).isEqual(to: Unary(.clip(lower: -0.0, upper: 6))))
    let padded = Pad(pads: [1, 1], value: -0.0)
    #expect(!padded.isEqual(to: Pad(pads: [1, 1])))
    let values = try compute(padded, [Tensor([Float(1)])])[0].elements(as: Float.self)
    #expect(values.map(\.sign) == [.minus, .plus, .minus])
  }

  @Test func numbersCountToTheLastBit() {
    let a = Unary(.elu(alpha: 0.1))
    #expect(a.isEqual(to: Unary(.elu(alpha: 0.1))))
    #expect(!a.isEqual(to: Unary(.elu(alpha: Float(0.1).nextUp))))
    #expect(Pad(pads: [0, 1], value: .nan).isEqual(to: Pad(pads: [0, 1], value: .nan)))
  }

  @Test func constantsCount() {
    let two = ConstantOfShape(value: Tensor([Float(2)]))
    #expect(two.isEqual(to: ConstantOfShape(value: Tensor([Float(2)]))))
    #expect(!two.isEqual(to: ConstantOfShape(value: Tensor([Float(3)]))))
    #expect(!two.isEqual(to: ConstantOfShape(value: Tensor([Int64(2)]))))
  }
}

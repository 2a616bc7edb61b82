import IR
import Math
import Operators
import Tensors
import Testing

/// When two operators are the same: what may share a result.
struct EqualityTests {
  @Test func attributesCount() {
    #expect(Softmax(axis: 1).isEqual(to: Softmax(axis: 1)))
    #expect(!Softmax(axis: 1).isEqual(to: Softmax(axis: 2)))
    let conv = Conv(window: Window(kernel: [3, 3]))
    #expect(conv.isEqual(to: Conv(window: Window(kernel: [3, 3], strides: [1, 1]))))
    #expect(!conv.isEqual(to: Conv(window: Window(kernel: [3, 3]), activation: .relu)))
    #expect(
      ConstantOfShape(value: Tensor([Float(2)])).isEqual(to: ConstantOfShape(value: Tensor([Float(2)]))))
    #expect(!ConstantOfShape(value: Tensor([Float(2)])).isEqual(to: ConstantOfShape(value: Tensor([Int64(2)]))))
  }

  @Test func typesCount() {
    #expect(GlobalMaxPool().isEqual(to: GlobalMaxPool()))
    #expect(!GlobalMaxPool().isEqual(to: GlobalAveragePool()))
    #expect(!Softmax(axis: 1).isEqual(to: LogSoftmax(axis: 1)))
  }

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
}

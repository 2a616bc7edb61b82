import IR
import Operators
import Tensors
import Testing

@Suite struct CommutativityTests {
  /// What says that its operands may change places gives the same bits then, and what does not, others.
  @Test func operandsChangePlacesWhereTheyMay() throws {
    let a = Tensor([Float(2), 0.5, 3, 1.25])
    let b = Tensor([Float(3), 2, -0.5, 0.1])
    for function in Binary.Function.allCases {
      let isSame = try floats(Binary(function), [a, b]) == floats(Binary(function), [b, a])
      #expect(isSame == Binary(function).isCommutative, "\(function)")
    }
  }
}

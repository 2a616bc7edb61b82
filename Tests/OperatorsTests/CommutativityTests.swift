import IR
import Operators
import Tensors
import Testing

@Suite struct CommutativityTests {
  /// What says that its operands may change places gives the same bits then, and what does not, others.
  @Test func operandsChangePlacesWhereTheyMay() throws {
    let a = Tensor([Float(2), 0.5, 3, 1.25])
    let b = Tensor([Float(3), 2, -0.5, 0.1])
    let bytes = (Tensor([UInt8(2), 1, 3, 5]), Tensor([UInt8(3), 2, 1, 0]))
    for function in Binary.Function.allCases {
      // Functions of integers alone refuse floats.
      let takesFloats = (try? floats(Binary(function), [a, b])) != nil
      let (a, b) = takesFloats ? (a, b) : bytes
      let there = try compute(Binary(function), [a, b])[0]
      let isSame = try there.doubles() == compute(Binary(function), [b, a])[0].doubles()
      #expect(isSame == Binary(function).isCommutative, "\(function)")
    }
  }
}

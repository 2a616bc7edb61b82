import IR
import Operators
import Tensors
import Testing

struct ReshapeTests {
  @Test(arguments: [
    ([2, 3, 4], [6, 4], [6, 4]), ([2, 3, 4], [0, -1], [2, 12]), ([2, 3, 4], [-1], [24]), ([1], [], []),
    ([2, 3, 4], [0, 0, 2, -1], [2, 3, 2, 2]),
  ])
  func resolvesShapes(_ input: [Int], _ shape: [Int], _ expected: [Int]) throws {
    let x = counting(input)
    let y = try compute(Reshape(shape: shape), [x])[0]
    #expect(y.shape == expected)
    #expect(y.elements(as: Float.self) == x.elements(as: Float.self))
  }

  @Test func keepsQuantization() throws {
    let x = quantized([1, 2, 3, 4], [1, 4], scale: 0.5, zeroPoint: 3)
    let y = try compute(Reshape(shape: [2, 2]), [x])[0]
    #expect(y.type == TensorType(.int8, [2, 2], quantization: Quantization(scale: 0.5, zeroPoint: 3)))
  }

  @Test func takesZeroLiterally() throws {
    let empty = Tensor([Float](), shape: [0, 3])
    #expect(try compute(Reshape(shape: [3, 0], allowZero: true), [empty])[0].shape == [3, 0])
  }

  @Test(arguments: [[5, 5], [-1, 5], [-1, -1], [-2, 12], [.max, .max], [0, 0, 0, 0]])
  func refuses(_ shape: [Int]) {
    let message = refusal(Reshape(shape: shape), [float32(2, 3, 4)])
    #expect(message?.contains("shape \(shape) copies") == true || message?.contains("cannot be reshaped") == true)
  }
}

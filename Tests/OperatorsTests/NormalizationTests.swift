import IR
import Math
import Operators
import Tensors
import Testing

struct NormalizationTests {
  @Test(arguments: [[2, 3, 5, 7], [2, 3], [1, 3, 700], [2, 3, 17, 17]])
  func normalizesBatches(_ shape: [Int]) throws {
    let x = noise(shape)
    let scale = Tensor([Float(1), 2, -0.5])
    let bias = Tensor([Float(0.5), 0, 1])
    let mean = Tensor([Float(0.1), -0.2, 0])
    let variance = Tensor([Float(1), 0.25, 4])
    let inputs = [x, scale, bias, mean, variance]
    let y = try floats(BatchNormalization(epsilon: 0.001), inputs, constants: [1, 2, 3, 4])
    let expected = tensor(shape) { index in
      let c = [index[1]]
      let deviation = (Double(variance.at(c)) + Double(Float(0.001))).squareRoot()
      return Float(Double(scale.at(c)) * (Double(x.at(index)) - Double(mean.at(c))) / deviation + Double(bias.at(c)))
    }
    expectClose(y, expected.elements(as: Float.self), tolerance: 1e-6)
  }

  @Test func scalesAndShifts() throws {
    let x = counting([2, 2, 1, 2], by: -1)
    let inputs = [x, Tensor([Float(1), -2]), Tensor([Float(1), 0.5])]
    let y = try floats(ScaleShift(activation: .relu6), inputs, constants: [1, 2])
    #expect(y == [1, 0, 4.5, 6, 0, 0, 6, 6])
  }

  @Test func refuses() throws {
    let vector = float32(3)
    #expect(
      refusal(ScaleShift(), [float32(1, 2, 4), vector, vector]) == "scale has shape [3], expected [2]")
    #expect(refusal(ScaleShift(), [float32(3), vector, vector]) == "x has shape [3], expected [N, C, ...]")
    #expect(
      refusal(BatchNormalization(), [float32(1, 3), vector, vector, vector]) == "input 4 (variance) is missing")
    let x = counting([1, 3])
    let ones = Tensor([Float(1), 1, 1])
    #expect(throws: OperatorError.self) { try compute(ScaleShift(), [x, ones, ones], constants: [1]) }
    #expect(
      attributeError("BatchNormalization", ["epsilon": .float(.nan)])
        == "attribute epsilon is nan, expected a finite number")
  }
}

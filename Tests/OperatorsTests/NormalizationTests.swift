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
    #expect(throws: Refusal.self) { try compute(ScaleShift(), [x, ones, ones], constants: [1]) }
    #expect(
      attributeError("BatchNormalization", ["epsilon": .float(.nan)])
        == "attribute epsilon is nan, expected a finite number")
  }

  @Test(arguments: [1, 2, 3, 5, 9], [Float(0.75), 0.5, 1, 0.3])
  func normalizesResponses(_ size: Int, _ beta: Float) throws {
    let x = noise([2, 5, 3, 2])
    let y = try floats(LRN(size: size, alpha: 0.5, beta: beta, bias: 2), [x])
    let expected = tensor(x.shape) { index in
      var sum = 0.0
      for channel in 0..<5 where channel >= index[1] - (size - 1) / 2 && channel <= index[1] + size / 2 {
        let value = Double(x.at([index[0], channel, index[2], index[3]]))
        sum += value * value
      }
      return Float(Double(x.at(index)) / UnaryFunction.power(2 + 0.5 / Double(size) * sum, Double(beta)))
    }
    expectClose(y, expected.elements(as: Float.self), tolerance: 1e-6)
    #expect(refusal(LRN(size: 3), [float32(1, 2, 3)]) == "x has shape [1, 2, 3], expected 4 dimensions")
    #expect(attributeError("LRN", ["size": .int(0)]) == "attribute size is 0, expected 1...32768")
  }

  /// (x - mean) / sqrt(variance + epsilon) of some numbers.
  private func normal(_ values: [Float], _ epsilon: Double) -> [Double] {
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)
    return values.map { (Double($0) - mean) / (variance + epsilon).squareRoot() }
  }

  @Test func normalizesInstances() throws {
    let x = noise([2, 3, 4, 5])
    let scale = Tensor([Float(1), 2, -1])
    let bias = Tensor([Float(0), 1, 0.5])
    let y = try floats(InstanceNormalization(epsilon: 0.01), [x, scale, bias], constants: [1, 2])
    var expected: [Float] = []
    for plane in 0..<6 {
      let values = Array(x.elements(as: Float.self)[(plane * 20)..<(plane * 20 + 20)])
      for value in normal(values, Double(Float(0.01))) {
        expected.append(Float(value * Double(scale.at([plane % 3])) + Double(bias.at([plane % 3]))))
      }
    }
    expectClose(y, expected, tolerance: 1e-6)
    #expect(
      refusal(InstanceNormalization(), [float32(1, 3), float32(3), float32(3)])
        == "x has shape [1, 3], expected [N, C, ...] with positions")
  }

  @Test(arguments: [-1, 1, 2], [true, false])
  func normalizesLayers(_ axis: Int, _ hasBias: Bool) throws {
    let x = noise([2, 3, 4])
    let shape = Array(x.shape[(axis < 0 ? axis + 3 : axis)...])
    let width = shape.reduce(1, *)
    let scale = noise(shape, seed: 5)
    let bias = noise(shape, seed: 6)
    let inputs = hasBias ? [x, scale, bias] : [x, scale]
    let y = try floats(LayerNormalization(axis: axis), inputs, constants: [1, 2])
    var expected: [Float] = []
    for row in 0..<(24 / width) {
      let values = Array(x.elements(as: Float.self)[(row * width)..<(row * width + width)])
      for (index, value) in normal(values, Double(Float(1e-5))).enumerated() {
        let shift = hasBias ? bias.doubles()[index] : 0
        expected.append(Float(value * scale.doubles()[index] + shift))
      }
    }
    expectClose(y, expected, tolerance: 1e-6)
    #expect(
      refusal(LayerNormalization(axis: 1), [float32(2, 3, 4), float32(4)]) == "scale has shape [4], expected [3, 4]")
  }
}

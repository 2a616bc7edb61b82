import Quantization
import Tensors
import Testing

@Suite struct WeightQuantizationTests {
  @Test func scalesArePerChannelAndSymmetric() {
    let q = WeightQuantization(
      [1.27, -0.635, 0, 10, 5, -2.5], bias: [], channels: 2, inputScale: 0.1
    ) { _ in [] }
    #expect(q.scales == [Float(Double(Float(1.27)) / 127), Float(10.0 / 127)])
    // 0.635 and 5 are half of the largest: 63.5 steps, which round to the even 64.
    #expect(Float(-0.635) / q.scales[0] == -63.5 && 5 / q.scales[1] == 63.5)
    #expect(q.weights == [127, -64, 0, 127, 64, -32])
    #expect(q.bias.isEmpty)
    #expect(q.raisedScales == 0)
  }

  /// A channel whose weights are nearly zero but whose bias is not: without the guard its bias would overflow int32.
  @Test func nearlyDeadChannelsGetALargerScale() {
    let q = WeightQuantization([1e-12, 1], bias: [3, 3], channels: 2, inputScale: 0.02) { _ in [] }
    #expect(q.raisedScales == 1)
    #expect(abs(Double(q.bias[0])) <= 2_147_483_647)
    let restored = Double(q.bias[0]) * 0.02 * Double(q.scales[0])
    #expect(abs(restored - 3) < 1e-3)
  }

  /// The bias takes up what rounding the weights changes on average.
  @Test func biasCorrectionCancelsTheMeanError() {
    let weights: [Float] = [1, 0.3337, -0.2171]
    let means = [0.5, 2.0, 1.0]
    let plain = WeightQuantization(weights, bias: [0.25], channels: 1, inputScale: 0.01) { _ in [] }
    let corrected = WeightQuantization(weights, bias: [0.25], channels: 1, inputScale: 0.01) { _ in
      means
    }
    func output(_ q: WeightQuantization) -> Double {
      let products = zip(q.weights, means).map { Double($0) * Double(q.scales[0]) * $1 }
      return products.reduce(Double(q.bias[0]) * 0.01 * Double(q.scales[0]), +)
    }
    let exact = zip(weights, means).map { Double($0) * $1 }.reduce(0.25, +)
    #expect(abs(output(corrected) - exact) < abs(output(plain) - exact))
    #expect(abs(output(corrected) - exact) < 1e-4)
  }

  /// Whatever the numbers: the nearest of 255 steps, the largest of a row at 127, the bias at most 2^31 - 1.
  @Test func numbersAreNearest() {
    for seed in 0..<20 {
      let rows = 4
      let values = samples(rows * 9, scale: 2, seed: UInt64(seed))
      let bias = samples(rows, scale: 100, seed: UInt64(seed) + 100)
      let q = WeightQuantization(values, bias: bias, channels: rows, inputScale: 0.03) { _ in [] }
      for row in 0..<rows {
        let part = values[row * 9..<row * 9 + 9]
        let largest = part.map(abs).max() ?? 0
        #expect(q.scales[row] == Float(Double(largest) / 127))
        #expect(q.weights[row * 9..<row * 9 + 9].map { abs(Int($0)) }.max() == 127)
        for (x, w) in zip(part, q.weights[row * 9..<row * 9 + 9]) {
          // Half a step, and what dividing in float may err at a tie.
          #expect(abs(Double(x) - Double(w) * Double(q.scales[row])) <= Double(q.scales[row]) * (0.5 + 127 * 0x1p-23))
        }
        let step = Double(Float(0.03)) * Double(q.scales[row])
        #expect(abs(Double(bias[row]) - Double(q.bias[row]) * step) <= step / 2)
      }
    }
  }

  /// A mean error that would carry the bias beyond int32 is cut there; of layers without bias only those get one that
  /// rounding has moved.
  @Test func biasesStayWithinInt32() {
    let huge = WeightQuantization([1, 0.003], bias: [], channels: 1, inputScale: 1e-12) { _ in [1e9, -1e9] }
    #expect(huge.bias == [-2_147_483_647])
    let exact = WeightQuantization([127, -64, 3], bias: [], channels: 1, inputScale: 0.5) { _ in [1, 2, 3] }
    #expect(exact.bias.isEmpty && exact.weights == [127, -64, 3] && exact.scales == [1])
    let moved = WeightQuantization([127, 0.25, 127, 1], bias: [], channels: 2, inputScale: 0.5) { _ in [0, 8] }
    #expect(moved.bias == [4, 0] && moved.weights == [127, 0, 127, 1])
  }

  @Test func emptyLayers() {
    let q = WeightQuantization([], bias: [], channels: 0, inputScale: 1) { _ in [] }
    #expect(q.weights.isEmpty && q.scales.isEmpty && q.bias.isEmpty && q.raisedScales == 0)
  }
}

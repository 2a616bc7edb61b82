import Quantization
import Tensors
import Testing

@Suite struct WeightQuantizationTests {
  @Test func scalesArePerChannelAndSymmetric() {
    let q = WeightQuantization(
      [1.27, -0.635, 0, 10, 5, -2.5], bias: [], channels: 2, inputScale: 0.1
    ) { _ in [] }
    #expect(q.weights == [127, -64, 0, 127, 64, -32] || q.weights == [127, -63, 0, 127, 64, -32])
    #expect(abs(q.scales[0] - 0.01) < 1e-6)
    #expect(abs(q.scales[1] - Float(10.0 / 127)) < 1e-6)
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
}

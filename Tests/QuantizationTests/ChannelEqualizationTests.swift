import Quantization
import Testing

/// Factors that let one scale serve all channels, against the formula.
@Suite struct ChannelEqualizationTests {
  private func factors(_ peaks: [Float], apart: Bool = true, clamped: Bool = false) -> [Double]? {
    ChannelEqualization.factors(peaks: peaks, areReadApart: apart, isClamped: clamped)
  }

  @Test func sharesOfTheLargestPeak() {
    #expect(factors([8, 4, 1, 2]) == [1, 0.5, 0.125, 0.25])
    // Where a row of weights shares its scale the loss is shared: square roots.
    #expect(factors([8, 2, 0.5], apart: false) == [1, 0.5, 0.25])
  }

  /// A channel that an upper bound cuts off has room to be half as large again.
  @Test func clampedChannelsHaveRoom() {
    #expect(factors([6, 3, 5, 1], clamped: true) == [1, 0.75, 1, 0.25])
  }

  /// What is hardly there is made larger 32 times at most, what never is not at all.
  @Test func smallChannelsHaveAnEnd() {
    #expect(factors([64, 1, 0]) == [1, 1.0 / 32, 1])
  }

  @Test func nothingToGain() {
    #expect(factors([3, 3, 3]) == nil)
    #expect(factors([0, 0]) == nil)
    #expect(factors([]) == nil)
    #expect(factors([.infinity, 1]) == nil)
    #expect(factors([6, 5], clamped: true) == nil)
  }
}

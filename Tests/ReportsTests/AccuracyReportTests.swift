import Metrics
import Testing

@testable import Reports

struct AccuracyReportTests {
  @Test func fewUnchangedSamplesProveLittle() {
    var accuracy = sampleAccuracy()
    accuracy.agreement = Estimate(1, low: 1, high: 1)
    accuracy.deltas?.top1 = Estimate(0, low: 0, high: 0)
    accuracy.deltas?.balancedAccuracy = Estimate(0, low: 0, high: 0)
    accuracy.deltas?.perClass[1].recall = Estimate(0, low: 0, high: 0)
    accuracy.deltas?.perClass[2].precision = Estimate(0, low: 0, high: 0)
    let before = accuracy.deltas?.perClass[0]
    accuracy.widenUnchanged()
    #expect(accuracy.agreement == Estimate(1, low: 1 - 3.0 / 210, high: 1))
    #expect(accuracy.deltas?.top1 == Estimate(0, low: -3.0 / 210, high: 3.0 / 210))
    // Nothing changed in 60 to 80 samples of three classes.
    #expect(accuracy.deltas?.balancedAccuracy == Estimate(0, low: -3.0 / 180, high: 3.0 / 180))
    #expect(accuracy.deltas?.perClass[1].recall == Estimate(0, low: -0.05, high: 0.05))
    // 6 + 5 + 70 answers were nv.
    #expect(accuracy.deltas?.perClass[2].precision == Estimate(0, low: -3.0 / 81, high: 3.0 / 81))
    #expect(accuracy.deltas?.perClass[0] == before)
  }

  @Test func threeSamplesProveNothing() {
    #expect(Estimate(0, low: 0, high: 0).widened(samples: 2) == Estimate(0, low: -1, high: 1))
    #expect(Estimate(0, low: 0, high: 0).widened(samples: 0) == Estimate(0, low: 0, high: 0))
    #expect(Estimate(0).widened(samples: 2) == Estimate(0))
  }

  @Test func namesTheClassThatLostMost() {
    var accuracy = sampleAccuracy()
    #expect(accuracy.worstRecall?.delta.name == "mel")
    #expect(accuracy.worstRecall?.before?.support == 60)
    accuracy.deltas?.perClass = [.init("mel", recall: Estimate(0.1)), .init("nv")]
    #expect(accuracy.worstRecall == nil)
    accuracy.deltas = nil
    #expect(accuracy.worstRecall == nil)
  }
}

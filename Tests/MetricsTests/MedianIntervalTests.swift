import Testing

@testable import Metrics

struct MedianIntervalTests {
  /// Order statistics by the binomial distribution's tables: of 10 values the second and the ninth, of 100 the 40th and
  /// the 61st.
  @Test func takesOrderStatistics() {
    #expect(Estimate(medianOf: (1...10).map(Double.init).reversed()) == Estimate(5.5, low: 2, high: 9))
    #expect(Estimate(medianOf: (1...100).map(Double.init)) == Estimate(50.5, low: 40, high: 61))
    #expect(Estimate(medianOf: (1...15).map(Double.init)) == Estimate(8, low: 4, high: 12))
    #expect(Estimate(medianOf: (1...6).map(Double.init)) == Estimate(3.5, low: 1, high: 6))
    #expect(Estimate(medianOf: [5, 1, 2, 3, 4]) == Estimate(3))
    #expect(Estimate(medianOf: [2]) == Estimate(2))
    // Of very many nothing overflows.
    let many = Estimate(medianOf: (1...5001).map(Double.init))
    #expect(many.value == 2501 && (many.low ?? 0) > 2400 && (many.high ?? 0) < 2600)
  }

  @Test func drawsWhatReportsMeasure() throws {
    let samples = try Samples.labelled(Samples.float)
    let model = try DrawnModel(samples, classNames: Samples.names, specificities: [1: 0.8])
    // Once each, all is as it is measured; twice each, nothing else.
    let once = model.measures(weights: [Int](repeating: 1, count: 12)).accuracy
    let measured = try ModelAccuracy(samples, classNames: Samples.names, specificities: [1: 0.8])
    #expect(once.top1 == measured.top1 && once.macroF1 == measured.macroF1 && once.auc == measured.auc)
    #expect(once.ece == measured.ece && once.balancedAccuracy == measured.balancedAccuracy)
    #expect(once.perClass.map(\.recall) == measured.perClass.map(\.recall))
    #expect(once.perClass.map(\.specificity) == measured.perClass.map(\.specificity))
    #expect(once.perClass[1].sensitivityAtSpecificity == measured.perClass[1].sensitivityAtSpecificity)
    let twice = model.measures(weights: [Int](repeating: 2, count: 12)).accuracy
    #expect(twice.top1 == once.top1 && twice.auc == once.auc)
    #expect(abs((twice.ece ?? 0) - (once.ece ?? 1)) < 1e-12)
    // A draw of one image.
    let one = model.measures(weights: [1] + [Int](repeating: 0, count: 11)).accuracy
    #expect(one.perClass[1].recall == nil && one.perClass[0].recall == 1 && one.auc == nil)
  }
}

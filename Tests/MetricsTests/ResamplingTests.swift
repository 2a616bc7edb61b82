import Testing

@testable import Metrics

@Suite struct GeneratorTests {
  @Test func followsXoshiro() {
    var zero = SeededGenerator(seed: 0)
    #expect(
      (0..<4).map { _ in zero.next() }
        == [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0, 0x6AA5_94F1_262D_2D2C])
    var other = SeededGenerator(seed: 42)
    #expect(
      (0..<4).map { _ in other.next() }
        == [0x1578_0B2E_0C2E_C716, 0x6104_D986_6D11_3A7E, 0xAE17_5332_39E4_99A1, 0xECB8_AD47_03B3_60A1])
  }

  @Test func drawsEvenly() {
    var generator = SeededGenerator(seed: 1)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[generator.next(below: 7)] += 1 }
    // Five standard deviations of a binomial around 10,000.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 463 })
    #expect(generator.next(below: 1) == 0)
  }
}

@Suite struct BootstrapTests {
  private func expect(_ interval: Estimate?, _ value: Double, _ low: Double, _ high: Double) throws {
    let interval = try #require(interval)
    #expect(interval.value.isNear(value))
    #expect(try #require(interval.low).isNear(low))
    #expect(try #require(interval.high).isNear(high))
  }

  @Test func givesPercentilesOfPairedDifferences() throws {
    let comparison = try Comparison(
      float: Scores(rows: Samples.float), compiled: Scores(rows: Samples.compiled), labels: Samples.labels,
      classNames: Samples.names, bootstrap: Bootstrap(resamples: 200, seed: 7))
    let labelled = try #require(comparison.labelled)
    try expect(labelled.deltas.top1, 1.0 / 12, -0.16666666666666674, 0.33333333333333337)
    try expect(
      labelled.deltas.macroF1, 0.6904761904761904 - 0.6126984126984126, -0.2580815018315018, 0.4227897102897102)
    try expect(labelled.deltas.auc, 0.0625 / 3, -0.06492559523809523, 0.11973379629629625)
    try expect(labelled.deltas.perClass[2].recall, 0.25, 0, 0.6666666666666667)
    #expect(labelled.deltas.perClass[3].recall == nil)
    #expect(labelled.deltas.perClass[3].auc == nil)
    try expect(comparison.agreement, 0.75, 0.5, 1)
    // One sample only the float model gets right, two only the compiled one.
    #expect(labelled.mcNemarP == 1)
    #expect(labelled.compiled.top1 == 8.0 / 12)
    #expect(comparison.samples == 12)
  }

  @Test func givesIntervalsOfOneModel() throws {
    let bootstrap = Bootstrap(resamples: 500, seed: 3, confidence: 0.9)
    let model = ResampledModel(try Samples.labelled(Samples.float), bootstrap)
    let intervals = AccuracyEstimates(
      bootstrap.intervals(samples: 12, of: model.statistics), classNames: Samples.names)
    try expect(intervals.top1, 7.0 / 12, 1.0 / 3, 5.0 / 6)
    #expect(intervals.perClass.map(\.name) == Samples.names)
  }

  @Test func leavesLongCurvesOut() throws {
    let scores = try Scores(rows: [[Float]](repeating: [0, 0], count: 500))
    let labelled = try LabelledScores(scores, labels: (0..<500).map { $0 % 2 })
    let model = ResampledModel(labelled, Bootstrap(resamples: 2_000_001))
    #expect(
      model.statistics(weights: [Int](repeating: 1, count: 500))
        == [0.5, 1.0 / 3, nil, 0.5, 0.5, 1, nil, 0, nil, nil, 0, nil, 1, nil])
    let short = ResampledModel(labelled, Bootstrap(resamples: 2_000_000))
    #expect(short.statistics(weights: [Int](repeating: 1, count: 500))[2] == 0.5)
  }

  @Test func dependsOnTheSeedAlone() throws {
    let statistic: ([Int]) -> [Double?] = { weights in
      [
        weights.enumerated().reduce(0.0) { $0 + Double($1.element) / Double(1 + $1.offset) }, weights[1] > 0 ? 1 : nil,
        nil,
      ]
    }
    let first = Bootstrap(resamples: 300, seed: 5).intervals(samples: 9, of: statistic)
    #expect(first == Bootstrap(resamples: 300, seed: 5).intervals(samples: 9, of: statistic))
    #expect(first != Bootstrap(resamples: 300, seed: 6).intervals(samples: 9, of: statistic))
    #expect(first[1] == Estimate(1, low: 1, high: 1))
    #expect(first[2] == nil)
  }

  @Test func comparesWithoutLabels() throws {
    let scores = try Scores(rows: [[1, 0], [0, 1]])
    let comparison = try Comparison(float: scores, compiled: scores, labels: nil, classNames: [])
    #expect(comparison.agreement == Estimate(1, low: 1, high: 1))
    #expect(comparison.divergence.kl == 0)
    #expect(comparison.labelled == nil)
  }
}

@Suite struct McNemarTests {
  static let values: [(Int, Int, Double)] = [
    (0, 0, 1), (0, 1, 1), (1, 0, 1), (5, 5, 1), (10, 3, 0.09228515625), (0, 12, 0.00048828125),
    (40, 60, 0.05688793364098079), (900, 1100, 8.457089535503927e-06), (3000, 3005, 0.9588334269526648),
  ]

  @Test(arguments: values)
  func isExact(first: Int, second: Int, expected: Double) {
    let p = McNemar.pValue(onlyFirstRight: first, onlySecondRight: second)
    #expect(abs(p / expected - 1) < 1e-11)
    #expect(McNemar.pValue(onlyFirstRight: second, onlySecondRight: first) == p)
  }
}

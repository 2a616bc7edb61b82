import CanonicalJSON
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
  private func expect(_ interval: ConfidenceInterval?, _ value: Double, _ low: Double, _ high: Double) throws {
    let interval = try #require(interval)
    #expect(interval.value.isNear(value))
    #expect(interval.low.isNear(low))
    #expect(interval.high.isNear(high))
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
    try expect(labelled.deltas.classes[2].recall, 0.25, 0, 0.6666666666666667)
    #expect(labelled.deltas.classes[3].recall == nil)
    #expect(labelled.deltas.classes[3].auc == nil)
    try expect(comparison.agreement, 0.75, 0.5, 1)
    // One sample only the float model gets right, two only the compiled one.
    #expect(labelled.mcNemarP == 1)
    #expect(labelled.compiled.top1 == 8.0 / 12)
    #expect(comparison.samples == 12)
  }

  @Test func givesIntervalsOfOneModel() throws {
    let intervals = MeasureIntervals(
      try Samples.labelled(Samples.float), classNames: Samples.names,
      bootstrap: Bootstrap(resamples: 500, seed: 3, confidence: 0.9))
    try expect(intervals.top1, 7.0 / 12, 1.0 / 3, 5.0 / 6)
    #expect(intervals.classes.map(\.name) == Samples.names)
  }

  @Test func leavesLongCurvesOut() throws {
    let scores = try Scores(values: [Float](repeating: 0, count: 2 * 500), classCount: 2)
    let labelled = try LabelledScores(scores, labels: (0..<500).map { $0 % 2 })
    let model = ResampledModel(labelled, Bootstrap(resamples: 2_000_001))
    #expect(
      model.statistics(weights: [Int](repeating: 1, count: 500)) == [0.5, 1.0 / 3, nil, 0.5, 1, nil, nil, 0, nil])
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
    #expect(first[1] == ConfidenceInterval(value: 1, low: 1, high: 1))
    #expect(first[2] == nil)
  }

  @Test func comparesWithoutLabels() throws {
    let comparison = try Comparison(
      float: Scores(rows: [[1, 0], [0, 1]]), compiled: Scores(rows: [[1, 0], [0, 1]]), labels: nil, classNames: [])
    let expected = """
      {"agreement":1.0,"agreement_interval":{"high":1.0,"low":1.0,"value":1.0},"cosine":1.0,"kl":0.0,\
      "max_relative_error":0.0,"samples":2,"sqnr_db":null}
      """
    #expect(comparison.json.description == expected)
    #expect(comparison.labelled == nil)
  }

  @Test func writesLabelledComparisonsAsJSON() throws {
    let comparison = try Comparison(
      float: Scores(rows: Samples.float), compiled: Scores(rows: Samples.compiled), labels: Samples.labels,
      classNames: Samples.names, bootstrap: Bootstrap(resamples: 20))
    let json = JSONNode(try JSON(parsing: comparison.json.canonicalBytes()), name: "comparison")
    #expect(try json["deltas"]["top1"]["value"].double().isNear(1.0 / 12))
    #expect(try json["deltas"]["per_class"].elements()[2]["recall"]["value"].double() == 0.25)
    #expect(try json["float"]["top1"].double() == 7.0 / 12)
    #expect(try json["compiled"]["per_class"].elements()[0]["name"].string() == "a")
    #expect(try json["mcnemar_p"].double() == 1)
    #expect(try json["agreement"].double() == 0.75)
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

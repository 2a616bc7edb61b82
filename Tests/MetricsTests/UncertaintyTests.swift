import Testing

@testable import Metrics

/// Expected figures of the temperature are of scipy.optimize.brentq, of the bounds of scipy.stats.beta.ppf.
@Suite struct TemperatureTests {
  private static let logits: [[Double]] = [
    [2, 0.5, -1], [0.3, 1.2, 0.1], [-0.5, 0.2, 2.2], [1.5, 1.4, 0.2], [0.1, 3, -0.4], [2.5, 0.3, 0.6],
  ]
  private static let labels = [0, 1, 2, 1, 1, 2]

  @Test func findsWhereTheLikelihoodIsHighest() {
    let fit = TemperatureFit(logits: Self.logits, labels: Self.labels)
    #expect(fit.temperature == Float(0.9837233781866755) && !fit.isAtBound)
  }

  /// Logits ten times as large are those of a model ten times as sure.
  @Test func scalesWithTheLogits() {
    let fit = TemperatureFit(logits: Self.logits.map { $0.map { 10 * $0 } }, labels: Self.labels)
    #expect(abs(fit.temperature - 9.837233781866755) < 1e-6)
  }

  @Test func staysWithinBoundsWhereNothingIsBest() {
    let right = TemperatureFit(logits: [[1, 0], [0, 1]], labels: [0, 1])
    #expect(right == TemperatureFit(logits: [[1, 0], [0, 1], [2, 0]], labels: [0, 1, 0]))
    #expect(right.temperature == TemperatureFit.bounds.lowerBound && right.isAtBound)
    let wrong = TemperatureFit(logits: [[1, 0], [0, 1]], labels: [1, 0])
    #expect(wrong.temperature == TemperatureFit.bounds.upperBound && wrong.isAtBound)
    let same = TemperatureFit(logits: [[1e4, 1e4]], labels: [1])
    #expect(same.isAtBound)
  }

  @Test func largeLogitsDoNotOverflow() {
    let fit = TemperatureFit(logits: [[3000, 0], [3000, 0], [0, 3000], [3000, 0]], labels: [0, 0, 1, 1])
    // Three of four right at a margin of 3000 asks for T = 64 at least: e^(3000 / T) = 3 is beyond the bounds.
    #expect(fit.temperature == 64 && fit.isAtBound)
  }
}

@Suite struct ConformalThresholdTests {
  @Test(arguments: [(0.9, 9, 9), (0.9, 8, 9), (0.9, 100, 91), (0.55, 99, 55), (0.95, 19, 19), (0.5, 1, 1)])
  func takesTheRankOfTheFiniteSample(share: Double, samples: Int, rank: Int) {
    #expect(ConformalThreshold.rank(covering: share, samples: samples) == rank)
  }

  @Test func isInfiniteForTooFewSamples() {
    #expect(ConformalThreshold.upper([1, 2, 3, 4, 5, 6, 7, 8], covering: 0.9) == nil)
    #expect(ConformalThreshold.upper([9, 1, 2, 3, 4, 5, 6, 7, 8], covering: 0.9) == 9)
    #expect(ConformalThreshold.upper([], covering: 0.9) == nil)
    for share in [0.5, 0.8, 0.9, 0.95, 0.99, 0.999] {
      let least = ConformalThreshold.leastSamples(covering: share)
      #expect(ConformalThreshold.upper([Float](repeating: 1, count: least), covering: share) != nil)
      #expect(ConformalThreshold.upper([Float](repeating: 1, count: least - 1), covering: share) == nil)
    }
    #expect(ConformalThreshold.leastSamples(covering: 0.9) == 9)
  }

  @Test func takesEachClassFromItsOwn() {
    let scores: [Float] = [1, 2, 3, 10, 20, 30, 40]
    let thresholds = ConformalThreshold.upper(scores, labels: [0, 0, 0, 1, 1, 1, 1], classes: 3, covering: 0.75)
    #expect(thresholds == [3, 40, nil])
  }
}

@Suite struct RiskCoverageTests {
  private static let small = RiskCoverage(
    confidences: [0.9, 0.8, 0.8, 0.7, 0.6], isRight: [true, true, false, false, true])

  /// The mean over all orders that equal confidences may come in, by hand: (0 + 1/4 + 1/3 + 1/2 + 2/5) / 5.
  @Test func areaIsTheMeanRisk() throws {
    #expect(abs(try #require(Self.small.area()) - 0.2966666666666667) < 1e-15)
    // The errors last: (1/4 + 2/5) / 5.
    #expect(abs(try #require(Self.small.excessArea()) - (0.2966666666666667 - 0.13)) < 1e-15)
    #expect(RiskCoverage(confidences: [], isRight: []).area() == nil)
  }

  @Test func weightsStandForCopies() throws {
    let copied = RiskCoverage(
      confidences: [0.9, 0.9, 0.7, 0.6, 0.6, 0.6], isRight: [true, true, false, true, true, true])
    let weighted = RiskCoverage(confidences: [0.9, 0.8, 0.7, 0.6], isRight: [true, false, false, true])
    #expect(weighted.area(weights: [2, 0, 1, 3]) == copied.area())
    #expect(weighted.area(weights: [0, 0, 0, 0]) == nil)
  }

  @Test func curveEndsWithEveryAnswer() {
    let curve = Self.small.curve()
    #expect(curve.count == 4)
    #expect(curve.last == RiskCoverage.Point(coverage: 1, risk: 0.4, confidence: Double(Float(0.6))))
    #expect(Self.small.curve(atMost: 2).count == 2 && Self.small.curve(atMost: 2).last == curve.last)
  }

  @Test(arguments: [
    (0, 50, 0.05, 0.05815507911697225), (3, 20, 0.05, 0.3436638043142818), (1, 105, 0.05 / 7, 0.06500935086796286),
    (40, 1000, 0.01, 0.05684806940753948), (19, 20, 0.05, 0.9974386212234697),
  ])
  func boundsAreExact(count: Int, samples: Int, outside: Double, bound: Double) {
    #expect(abs(BinomialBound.upper(count, of: samples, outside: outside) - bound) < 1e-12)
  }

  @Test func boundsKnowTheirEnds() {
    #expect(BinomialBound.upper(20, of: 20, outside: 0.05) == 1)
    #expect(BinomialBound.upper(0, of: 0, outside: 0.05) == 1)
  }

  @Test func thresholdHoldsTheRiskOrIsNone() throws {
    // The 80 surest of 100 are right, the others wrong.
    let confidences = (0..<100).map { 1 - Float($0) / 200 }
    let curve = RiskCoverage(confidences: confidences, isRight: (0..<100).map { $0 < 80 })
    let threshold = try #require(curve.threshold(risk: 0.1, certainty: 0.95))
    #expect(threshold.bound <= 0.1)
    let bound = BinomialBound.upper(threshold.errors, of: threshold.answered, outside: 0.05 / 7)
    #expect(abs(threshold.bound - bound) < 1e-12)
    #expect(threshold.answered == confidences.count { $0 >= threshold.confidence })
    // Of seven levels, 100 * 5 / 7 samples is the last without an error; 85 have five.
    #expect(threshold.answered == 71)
    #expect(curve.threshold(risk: 0.01, certainty: 0.95) == nil)
    #expect(RiskCoverage(confidences: [], isRight: []).threshold(risk: 0.1, certainty: 0.95) == nil)
  }

  /// Of draws of samples no larger share than stated may lead to a threshold whose true risk is above what was asked
  /// for. Here confidence tells nothing and the true risk is above it at every threshold, so that none may be found.
  @Test func promisedRiskHoldsOnNewSamples() {
    var generator = SeededGenerator(seed: 7)
    func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }
    let (draws, risk, certainty) = (1000, 0.2, 0.9)
    var found = 0
    for _ in 0..<draws {
      let confidences = (0..<200).map { _ in Float(uniform()) }
      let isRight = confidences.map { _ in uniform() < 0.7999 }
      if RiskCoverage(confidences: confidences, isRight: isRight).threshold(risk: risk, certainty: certainty) != nil {
        found += 1
      }
    }
    // Were it found in 10 % of draws, it would be in more than these only once in 100,000.
    #expect(Double(found) <= Double(draws) * (1 - certainty) + 4.27 * (Double(draws) * 0.09).squareRoot())
    // The bounds are no wider than they need be: a risk of a little less is found now and then.
    #expect(found > 0)
  }

  @Test func findsThresholdsWhereConfidenceTells() {
    var generator = SeededGenerator(seed: 8)
    func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }
    for _ in 0..<20 {
      let confidences = (0..<1000).map { _ in uniform() }
      let isRight = confidences.map { uniform() < $0 }
      let curve = RiskCoverage(confidences: confidences.map { Float($0) }, isRight: isRight)
      // Right as often as stated: from a confidence c on, a share (1 - c) / 2 is wrong.
      let threshold = curve.threshold(risk: 0.2, certainty: 0.95)
      #expect((0.6...0.9).contains(threshold?.confidence ?? 0))
    }
  }
}

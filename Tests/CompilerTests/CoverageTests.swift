import Answers
import Platform
import Testing

@testable import Metrics

/// Whether prediction sets hold what they promise, on a made-up model with as many samples as one likes.
@Suite struct CoverageTests {
  /// Five classes, the last of them rare; logits are noise, and a signal for the right class.
  private struct World {
    var generator: SeededGenerator

    mutating func uniform() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

    mutating func sample() -> (probabilities: [Double], label: Int) {
      let draw = uniform()
      let label = draw < 0.4 ? 0 : draw < 0.7 ? 1 : draw < 0.85 ? 2 : draw < 0.95 ? 3 : 4
      let logits = (0..<5).map { index in
        (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform()) * 1.5 + (index == label ? 2 : 0)
      }
      let weights = logits.map { exp($0) }
      let sum = weights.reduce(0, +)
      return (weights.map { $0 / sum }, label)
    }
  }

  private static let (draws, fitted, asked) = (1000, 100, 100)

  /// The mean over 1,000 seeded draws of 100 samples to fit on and 100 to ask about must lie where theory puts it.
  ///
  /// With scores that are never equal, the right class's is at most the k-th smallest of n with a probability that is
  /// Beta(k, n + 1 - k) over draws, mean k / (n + 1), which is between the coverage and the coverage + 1 / (n + 1).
  /// Of m samples the number covered is beta-binomial: the share has the variance
  /// mu (1 - mu) (n + 1 + m) / (m (n + 2)). 4.42 standard errors of the mean leave one draw of this test in 100,000.
  @Test(arguments: PredictionSets.Method.allCases, [0.8, 0.9, 0.95])
  func coverageIsWhatTheoryPromises(method: PredictionSets.Method, coverage: Double) {
    var world = World(generator: SeededGenerator(seed: 20))
    let (n, m) = (Double(Self.fitted), Double(Self.asked))
    let mean = Double(ConformalThreshold.rank(covering: coverage, samples: Self.fitted)) / (n + 1)
    #expect(coverage <= mean && mean <= coverage + 1 / (n + 1))
    var covered = 0
    for _ in 0..<Self.draws {
      var sets = PredictionSets(method, coverage: coverage, thresholds: [nil])
      let fitted = (0..<Self.fitted).map { _ in world.sample() }
      sets.thresholds = [
        ConformalThreshold.upper(fitted.map { sets.scores($0.probabilities)[$0.label] }, covering: coverage)
      ]
      for _ in 0..<Self.asked {
        let (probabilities, label) = world.sample()
        if sets.set(probabilities).contains(label) { covered += 1 }
      }
    }
    let found = Double(covered) / (Double(Self.draws) * m)
    let deviation = (mean * (1 - mean) * (n + 1 + m) / (m * (n + 2)) / Double(Self.draws)).squareRoot()
    #expect(found >= mean - 4.42 * deviation)
    // The sum of all probabilities is 1 whichever class comes last: where thresholds reach that, sets may be larger.
    if method == .lac || coverage < 0.9 { #expect(found <= mean + 4.42 * deviation) }
  }

  /// With a threshold for each class, the coverage holds for each, the rare one too.
  @Test func coverageByClassHoldsForEach() {
    var world = World(generator: SeededGenerator(seed: 21))
    let coverage = 0.9
    var (covered, asked) = ([Int](repeating: 0, count: 5), [Int](repeating: 0, count: 5))
    for _ in 0..<Self.draws {
      var sets = PredictionSets(.lac, coverage: coverage, thresholds: Array(repeating: nil, count: 5))
      let fitted = (0..<2 * Self.fitted).map { _ in world.sample() }
      sets.thresholds = ConformalThreshold.upper(
        fitted.map { sets.scores($0.probabilities)[$0.label] }, labels: fitted.map(\.label), classes: 5,
        covering: coverage)
      // One sample of each draw: draws are independent, and so are the samples.
      let (probabilities, label) = world.sample()
      asked[label] += 1
      if sets.set(probabilities).contains(label) { covered[label] += 1 }
    }
    for (covered, asked) in zip(covered, asked) {
      #expect(Double(covered) / Double(asked) >= coverage - 4.42 * (0.09 / Double(asked)).squareRoot())
    }
  }
}

import Answers
import Metrics
import Tensors
import Testing

@testable import Compiler

/// SplitMix64.
private struct Dice: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct DistanceFitTests {
  /// As many vectors of six numbers, each a sum of uniform ones.
  private static func features(_ count: Int, _ generator: inout Dice, shift: Double = 0) -> [[Double]] {
    (0..<count).map { _ in
      let common = Double.random(in: -3...3, using: &generator)
      return (0..<6).map { index in
        shift + common * Double(index % 2) + Double.random(in: 0...1, using: &generator)
          + Double.random(in: 0...1, using: &generator)
      }
    }
  }

  private static func fit(
    _ rows: [[Double]], groups: SampleGroups? = nil, alarms: Double = 0.1, seed: UInt64 = 0
  ) throws(Refusal) -> DistanceFit {
    try DistanceFit(
      DistanceFit.Features(activation: "last", rows: rows),
      chosen: UncertaintyFit.onePerGroup(groups, count: rows.count, seed: seed), groups: groups, falseAlarms: alarms,
      seed: seed)
  }

  /// Of new samples like those fitted on the share above the threshold is what was stated, in the mean over draws: k /
  /// (n + 1) are below it, 18 of 20 here, with 19 samples of 38 for the threshold.
  @Test func falseAlarmsAreWhatWasStated() throws {
    var generator = Dice(seed: 5)
    let draws = 300
    var (alarms, found) = (0, 0)
    for seed in 0..<UInt64(draws) {
      let fit = try Self.fit(Self.features(38, &generator), seed: seed)
      let distance = try #require(fit.distance)
      #expect(distance.samples == 19 && distance.axes.count == 4 && fit.warning == nil)
      alarms += Self.features(10, &generator).count { distance.distance($0) > distance.threshold }
      found += Self.features(10, &generator, shift: 6).count { distance.distance($0) > distance.threshold }
    }
    // Of 3000 samples 300 at a share of 2 / 20; four deviations of a beta-binomial with 19 of the threshold are 78.
    #expect((222...378).contains(alarms), "\(alarms)")
    #expect(found == 10 * draws)
  }

  /// Samples of a group are on one side: whoever is like the samples a distance is fitted on sets no threshold.
  @Test func groupsAreNotDivided() throws {
    var generator = Dice(seed: 1)
    let rows = Self.features(40, &generator)
    // Each sample five times: in halves of samples all would be near.
    let copies = rows.flatMap { Array(repeating: $0, count: 5) }
    let groups = SampleGroups("lesion_id", of: copies.indices.map { "\($0 / 5)" })
    let fit = try Self.fit(copies, groups: groups)
    let distance = try #require(fit.distance)
    #expect(distance.samples == 100)
    let other = try #require(Self.fit(rows).distance)
    #expect(abs(distance.threshold / other.threshold - 1) < 0.2, "\(distance.threshold) \(other.threshold)")
  }

  @Test func saysWhatItCannotTell() throws {
    var generator = Dice(seed: 2)
    let rows = Self.features(37, &generator)
    #expect(try Self.fit(rows, alarms: 0.05).distance != nil)
    let few = try Self.fit(Array(rows.prefix(36)), alarms: 0.05)
    #expect(
      few.distance == nil
        && few.warning
          == "36 samples are too few to tell unlike images by their features at 5.0 % false alarms, which takes 37, 19 "
          + "of them for the threshold"
    )
    #expect(try Self.fit(Array(rows.prefix(15)), alarms: 0.5).distance == nil)
    #expect(try Self.fit(Array(rows.prefix(16)), alarms: 0.5).distance != nil)
    let same = try Self.fit(Array(repeating: [1, 2], count: 60))
    #expect(same.distance == nil && same.warning?.contains("last is the same for all samples") == true)
    var broken = rows
    broken[3][1] = .infinity
    #expect(throws: Refusal.self) { try Self.fit(broken) }
  }
}

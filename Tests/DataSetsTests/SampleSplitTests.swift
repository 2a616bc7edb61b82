import Testing

@testable import DataSets

/// Folders divided into two parts.
struct SampleSplitTests {
  private func set(_ count: Int, groups: [String]? = nil, paths: [String]? = nil) -> SampleSet {
    var set = SampleSet(
      folder: "data",
      samples: (0..<count).map { Sample(name: "\($0)", path: paths?[$0] ?? "data/\($0)", label: $0 % 3) })
    set.groups = groups.map { GroupColumn(column: "patient_id", names: $0) }
    set.subgroups = [AttributeColumn("sex", of: (0..<count).map { $0 % 2 == 0 ? "f" : "m" })]
    set.labelSets = (0..<count).map { [$0] }
    set.repeated = 2
    return set
  }

  @Test func partsAreAllAndHaveNothingInCommon() {
    for share in [0.0001, 0.3, 0.5, 0.9999] {
      let (first, rest) = set(101).split(share: share, seed: 7)
      #expect((first + rest).sorted() == Array(0..<101) && first == first.sorted() && rest == rest.sorted())
      #expect(first.count == Int((share * 101).rounded()))
    }
    #expect(set(101).split(share: 0.5, seed: 7).first == set(101).split(share: 0.5, seed: 7).first)
    #expect(set(101).split(share: 0.5, seed: 7).first != set(101).split(share: 0.5, seed: 8).first)
  }

  /// Every sample is as likely as every other to be in the first part.
  @Test func drawsAreFair() {
    var counts = [Int](repeating: 0, count: 20)
    for seed in 0..<2000 { for index in set(20).split(share: 0.5, seed: UInt64(seed)).first { counts[index] += 1 } }
    // Five standard deviations of 2000 draws at one half.
    #expect(counts.allSatisfy { abs($0 - 1000) < 112 }, "\(counts)")
  }

  @Test func aPatientIsInOnePart() {
    // Ten patients with six images, and forty images of nobody known.
    let names = (0..<100).map { $0 < 60 ? "p\($0 % 10)" : "" }
    for seed in 0..<50 {
      let (first, rest) = set(100, groups: names).split(share: 0.5, seed: UInt64(seed))
      let (own, others) = (Set(first.map { names[$0] }), Set(rest.map { names[$0] }))
      #expect(own.intersection(others).subtracting([""]).isEmpty)
      #expect((50...55).contains(first.count))
    }
    // A file that is there twice is in one part.
    let paths = (0..<40).map { "data/\($0 / 2)" }
    let (first, rest) = set(40, paths: paths).split(share: 0.5, seed: 1)
    #expect(Set(first.map { paths[$0] }).isDisjoint(with: rest.map { paths[$0] }))
  }

  @Test func partsKeepWhatIsKnownOfTheirSamples() {
    let part = set(6, groups: ["a", "b", "c", "d", "e", "f"]).subset([1, 4])
    #expect(part.samples.map(\.name) == ["1", "4"] && part.groups?.names == ["b", "e"])
    #expect(part.subgroups[0].values == ["m", "f"] && part.labelSets == [[1], [4]])
    #expect(part.repeated == 0)
  }
}

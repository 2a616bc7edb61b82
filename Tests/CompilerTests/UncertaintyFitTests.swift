import Metrics
import Testing

@testable import Compiler

@Suite struct UncertaintyFitTests {
  @Test func takesOneSampleOfEachGroup() {
    let groups = SampleGroups("lesion_id", of: ["a", "a", "b", nil, nil, "b", "a", "c"])
    for seed in 0..<20 as Range<UInt64> {
      let chosen = UncertaintyFit.onePerGroup(groups, count: 8, seed: seed)
      #expect(chosen == chosen.sorted() && chosen.count == 5)
      #expect(Set(chosen.map { groups.indices[$0] }).count == 5)
      #expect(chosen == UncertaintyFit.onePerGroup(groups, count: 8, seed: seed))
    }
    let others = Set((0..<20 as Range<UInt64>).map { UncertaintyFit.onePerGroup(groups, count: 8, seed: $0) })
    #expect(others.count > 3)
    #expect(UncertaintyFit.onePerGroup(nil, count: 3, seed: 1) == [0, 1, 2])
  }
}

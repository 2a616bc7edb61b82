import Tensors
import Testing

@testable import Runtime

@Suite struct MemoryPlanTests {
  /// Storages of random sizes and lives, a few of no bytes.
  private func storages(_ count: Int, steps: Int, seed: UInt64) -> [Plan.Storage] {
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    return (0..<count).map { _ in
      let first = next(steps)
      return Plan.Storage(bytes: next(8) == 0 ? 0 : next(2000), first: first, last: min(steps, first + next(steps)))
    }
  }

  /// The definition: largest first, each at the lowest offset where no storage placed before it that lives meanwhile
  /// is.
  private func placed(_ storages: [Plan.Storage]) -> [Int] {
    func aligned(_ bytes: Int) -> Int { (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment }
    var offsets = [Int](repeating: 0, count: storages.count)
    var done: [Int] = []
    for index in storages.indices.sorted(by: { (storages[$0].bytes, $1) > (storages[$1].bytes, $0) }) {
      let rivals = done.filter {
        storages[$0].first <= storages[index].last && storages[index].first <= storages[$0].last
      }
      func isFree(_ offset: Int) -> Bool {
        rivals.allSatisfy {
          offset + aligned(storages[index].bytes) <= offsets[$0]
            || offsets[$0] + aligned(storages[$0].bytes) <= offset
        }
      }
      offsets[index] =
        ([0] + rivals.map { offsets[$0] + aligned(storages[$0].bytes) }).filter(isFree).min() ?? 0
      done.append(index)
    }
    return offsets
  }

  @Test(arguments: 1...40) func storagesLieWhereTheDefinitionPutsThem(seed: UInt64) {
    let steps = 1 + Int(seed) * 3 % 50
    let storages = storages(60, steps: steps, seed: seed)
    let plan = MemoryPlan(storages, steps: steps)
    #expect(plan.storages.map(\.offset) == placed(storages))
  }

  /// Storages side by side are one range, so placing many that live at once does not look at each of them.
  @Test func rangesThatTouchAreOne() {
    var set = ByteRanges()
    for start in [0, 128, 64, 320, 256, 192] { set.insert(start..<start + 64) }
    #expect(set.first(in: 10..<20) == 0..<384)
    #expect(set.first(in: 384..<400) == nil)
    set.insert(1000..<1010)
    #expect(set.first(in: 384..<1001) == 1000..<1010)
    set.insert(300..<2000)
    #expect(set.first(in: 1999..<2001) == 0..<2000)
  }
}

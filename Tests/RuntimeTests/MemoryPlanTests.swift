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

  private func aligned(_ bytes: Int) -> Int {
    (bytes + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
  }

  /// The most bytes that are alive at a step, as they are aligned.
  private func least(_ storages: [Plan.Storage], _ steps: Int) -> Int {
    (0...steps).map { step in
      storages.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + aligned($1.bytes) }
    }.max() ?? 0
  }

  /// The definition's order is taken where no other is better.
  @Test(arguments: 1...40) func storagesDoNotOverlapAndTakeNoMoreThanLargestFirst(seed: UInt64) {
    let steps = 1 + Int(seed) * 3 % 50
    let storages = storages(60, steps: steps, seed: seed)
    let plan = MemoryPlan(storages, steps: steps)
    let offsets = placed(storages)
    let end = zip(offsets, storages).map { $0 + aligned($1.bytes) }.max() ?? 0
    #expect(plan.arenaBytes <= end && plan.arenaBytes >= least(storages, steps))
    if plan.arenaBytes == end { #expect(plan.storages.map(\.offset) == offsets) }
    #expect(plan.arenaBytes == plan.storages.map { $0.offset + aligned($0.bytes) }.max())
    for (index, a) in plan.storages.enumerated() {
      for b in plan.storages[(index + 1)...] where a.first <= b.last && b.first <= a.last {
        #expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset || a.bytes == 0 || b.bytes == 0)
      }
    }
  }

  /// The first layers of a MobileNet: largest first puts the third value beyond the second, above what the fourth
  /// leaves; beginning with the third, all fit in what two of them take.
  @Test func whatStandsOutGoesFirst() {
    let sizes = [27_648, 18_432, 18_432, 36_864]
    let storages = sizes.enumerated().map { Plan.Storage(bytes: $1, first: $0, last: $0 + 1) }
    #expect(zip(placed(storages), sizes).map { $0 + $1 }.max() == 64_512)
    #expect(MemoryPlan(storages, steps: 5).arenaBytes == 55_296)
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

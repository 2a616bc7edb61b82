import Tensors
import Testing

@testable import Compiler

/// Shards of a listing, and sets of them.
@Suite struct ShardTests {
  @Test(arguments: [0, 1, 5, 64, 1001]) func coverEverySampleOnce(total: Int) throws {
    for count in [1, 2, 7, 64] {
      let shards = try (1...count).map { try Shard("\($0)/\(count)") }
      #expect(shards.flatMap { Array($0.positions(of: total)) } == Array(0..<total))
      let sizes = Set(shards.map { $0.positions(of: total).count })
      #expect(sizes.count <= 2 && (sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }
  }

  @Test(arguments: ["", "3", "0/4", "5/4", "1/0", "-1/4", "1/2/3", "a/b", " 1/2", "1/1000001"])
  func refuseWhatIsNone(text: String) {
    #expect(throws: Refusal.self) { try Shard(text) }
  }

  @Test func joinInAnyOrder() throws {
    var set = ShardSet(try Shard("4/7"))
    for index in [7, 1, 5, 2] { set.add(ShardSet(try Shard("\(index)/7"))) }
    #expect(set.ranges == [1...2, 4...5, 7...7] && set.held == 5 && !set.isComplete)
    #expect(set.text == "1-2, 4-5, 7 of 7")
    let missing = try #require(set.missing)
    #expect(missing.text == "3, 6" && missing.first == 3)
    var rest = ShardSet(try Shard("6/7"))
    #expect(set.common(with: rest) == nil)
    rest.add(ShardSet(try Shard("5/7")))
    #expect(set.common(with: rest) == 5)
    set.add(try #require(ShardSet(count: 7, ranges: [3...3, 6...6])))
    #expect(set.isComplete && set.missing == nil && set.ranges == [1...7])
  }

  @Test func refuseRangesThatAreNotInOrder() {
    for ranges in [[], [0...1], [1...8], [1...2, 3...4], [4...5, 1...2], [1...4, 2...3]] {
      #expect(ShardSet(count: 7, ranges: ranges) == nil, "\(ranges)")
    }
  }
}

package import Tensors

/// One of some parts of a listing of samples: neighbours in it, as many as in each other part or one more.
package struct Shard: Sendable, Equatable {
  /// From 1.
  package let index: Int
  package let count: Int

  /// More would only be a slip of the keyboard.
  static let mostShards = 1_000_000
  /// All samples.
  package static let whole = Shard(index: 1, count: 1)

  private init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Reads `3/16`, the third of sixteen.
  package init(_ text: String) throws(Refusal) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), count >= 1, index >= 1,
      index <= count, count <= Shard.mostShards
    else {
      throw .usage("--shard \(text): expected which of how many, as 3/16, from 1/16 to 16/16")
    }
    self.init(index: index, count: count)
  }

  /// The positions that are its share of so many.
  package func positions(of total: Int) -> Range<Int> {
    // The product fits: totals are of files, of which no disk holds 2^40.
    (index - 1) * total / count..<index * total / count
  }

  package var text: String { "\(index)/\(count)" }
}

/// Some of the parts a listing is divided into, as rising ranges of their numbers that do not touch.
struct ShardSet: Equatable {
  let count: Int
  private(set) var ranges: [ClosedRange<Int>]

  init(_ shard: Shard) {
    count = shard.count
    ranges = [shard.index...shard.index]
  }

  /// Nil unless the ranges are as they must be.
  init?(count: Int, ranges: [ClosedRange<Int>]) {
    guard (1...Shard.mostShards).contains(count), let first = ranges.first, let last = ranges.last,
      first.lowerBound >= 1, last.upperBound <= count,
      zip(ranges, ranges.dropFirst()).allSatisfy({ $0.upperBound + 1 < $1.lowerBound })
    else { return nil }
    self.count = count
    self.ranges = ranges
  }

  var isComplete: Bool { ranges == [1...count] }
  var held: Int { ranges.reduce(0) { $0 + $1.count } }

  /// A shard that is in both sets; nil where there is none.
  func common(with other: ShardSet) -> Int? {
    for range in ranges {
      for rival in other.ranges where range.overlaps(rival) { return max(range.lowerBound, rival.lowerBound) }
    }
    return nil
  }

  /// Adds the shards of another set, which has none of these.
  mutating func add(_ other: ShardSet) {
    var joined: [ClosedRange<Int>] = []
    for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last, last.upperBound + 1 >= range.lowerBound {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    ranges = joined
  }

  /// Those there are: `1-4, 7 of 16`.
  var text: String { "\(ShardSet.text(ranges)) of \(count)" }

  /// Those that are not there, and the first of them.
  var missing: (text: String, first: Int)? {
    var gaps: [ClosedRange<Int>] = []
    var next = 1
    for range in ranges {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= count { gaps.append(next...count) }
    return gaps.first.map { (ShardSet.text(gaps), $0.lowerBound) }
  }

  /// At most as many as a line takes.
  private static func text(_ ranges: [ClosedRange<Int>]) -> String {
    let shown = ranges.prefix(20).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return shown.joined(separator: ", ") + (ranges.count > shown.count ? ", ..." : "")
  }
}

/// How bytes are divided into rows: the weights of one output channel, whose distributions differ in width.
package struct Rows: Sendable {
  /// Neighbouring rows of one length.
  struct Group: Sendable {
    var count: Int
    let length: Int
  }

  private(set) var groups: [Group] = []
  /// Bytes of all rows.
  package private(set) var size = 0

  package init() {}

  /// Rows of 64 bytes, the last one being what is left: where nothing better is known.
  package init(size: Int) { append(bytes: size) }

  /// Appends the rows of a tensor.
  package mutating func append(count: Int, length: Int) {
    // Rows too short to be worth a table of their own, or so long that they have parts.
    guard (Rows.shortest...Rows.longest).contains(length) else {
      append(bytes: count * length)
      return
    }
    guard count > 0 else { return }
    if groups.last?.length == length {
      groups[groups.count - 1].count += count
    } else {
      groups.append(Group(count: count, length: length))
    }
    size += count * length
  }

  /// Appends bytes of no rows.
  package mutating func append(bytes: Int) {
    append(count: bytes / Rows.block, length: Rows.block)
    guard bytes % Rows.block > 0 else { return }
    groups.append(Group(count: 1, length: bytes % Rows.block))
    size += bytes % Rows.block
  }

  private static let shortest = 8
  private static let longest = 1 << 14
  private static let block = 64

  /// The places of the rows.
  var ranges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(groups.reduce(0) { $0 + $1.count })
    var start = 0
    for group in groups {
      for _ in 0..<group.count {
        ranges.append(start..<start + group.length)
        start += group.length
      }
    }
    return ranges
  }
}

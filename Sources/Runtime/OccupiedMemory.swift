/// Which bytes of an arena are taken at which steps.
///
/// A segment tree over the steps: each node knows the bytes taken during all of its steps, and those taken at some of
/// them. So a question looks at two sets of bytes for each of log(steps) nodes, not at every storage placed before;
/// storages that lie side by side are one range of a set.
struct OccupiedMemory {
  private let width: Int
  /// Bytes taken during all steps of a node, by storages that are not noted at the node above.
  private var always: [ByteRanges]
  /// Bytes taken at some step of a node.
  private var sometimes: [ByteRanges]

  init(steps: Int) {
    var width = 1
    while width < steps { width *= 2 }
    self.width = width
    always = [ByteRanges](repeating: ByteRanges(), count: 2 * width)
    sometimes = always
  }

  mutating func add(_ bytes: Range<Int>, during steps: ClosedRange<Int>) {
    guard !bytes.isEmpty else { return }
    OccupiedMemory.visit(steps, of: width) { node, isWhole in
      if isWhole { always[node].insert(bytes) }
      sometimes[node].insert(bytes)
    }
  }

  /// The lowest offset from which `size` bytes are free during all the steps.
  func lowestGap(of size: Int, during steps: ClosedRange<Int>) -> Int {
    var sets: [ByteRanges] = []
    OccupiedMemory.visit(steps, of: width) { node, isWhole in
      let set = isWhole ? sometimes[node] : always[node]
      if !set.isEmpty { sets.append(set) }
    }
    var offset = 0
    var isFree = size == 0
    while !isFree {
      isFree = true
      for set in sets {
        while let taken = set.first(in: offset..<offset + size) {
          offset = taken.upperBound
          isFree = false
        }
      }
    }
    return offset
  }

  /// Calls `body` with the nodes that lie within the steps and with all above them, which lie there in part.
  private static func visit(
    _ steps: ClosedRange<Int>, of width: Int, _ body: (_ node: Int, _ isWhole: Bool) -> Void
  ) {
    var open = [(node: 1, steps: 0...width - 1)]
    while let (node, span) = open.popLast() {
      guard span.overlaps(steps) else { continue }
      let isWhole = steps.lowerBound <= span.lowerBound && span.upperBound <= steps.upperBound
      body(node, isWhole)
      guard !isWhole else { continue }
      let middle = (span.lowerBound + span.upperBound) / 2
      open += [(2 * node, span.lowerBound...middle), (2 * node + 1, middle + 1...span.upperBound)]
    }
  }
}

/// A set of bytes, as ranges in order that neither overlap nor touch.
struct ByteRanges {
  private var ranges: [Range<Int>] = []

  var isEmpty: Bool { ranges.isEmpty }

  /// The first range that shares a byte with another.
  func first(in range: Range<Int>) -> Range<Int>? {
    let index = firstIndex { $0.upperBound > range.lowerBound }
    return index < ranges.count && ranges[index].lowerBound < range.upperBound ? ranges[index] : nil
  }

  mutating func insert(_ range: Range<Int>) {
    let from = firstIndex { $0.upperBound >= range.lowerBound }
    var joined = range
    var to = from
    while to < ranges.count, ranges[to].lowerBound <= range.upperBound {
      joined = min(joined.lowerBound, ranges[to].lowerBound)..<max(joined.upperBound, ranges[to].upperBound)
      to += 1
    }
    ranges.replaceSubrange(from..<to, with: CollectionOfOne(joined))
  }

  /// The first of the ordered ranges for which something holds that holds for all after it.
  private func firstIndex(where holds: (Range<Int>) -> Bool) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if holds(ranges[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

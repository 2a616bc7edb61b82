/// Which rows of some bytes have the same distribution, so that one table of frequencies serves them all.
///
/// Rows of weights differ in width, within a layer and across layers. First rows whose mean magnitude is nearly equal
/// are put together, and what results is joined, two at a time, as long as a table fewer, and not having to tell whose
/// row is whose, save more bits than the joint distribution costs. Then rows go to the distributions that make all of
/// them and the numbers of their tables shortest (the Viterbi algorithm), and distributions are counted anew, a few
/// times.
struct Contexts {
  /// Distributions at most.
  static let most = 16

  /// How often each byte occurs in the rows of a distribution; the narrowest first, so that distributions of
  /// neighbouring numbers resemble each other.
  private(set) var counts: [[Int]]
  /// Each row's distribution.
  private(set) var ofRow: [UInt8]

  /// - Parameter bytes: not empty
  init(_ bytes: UnsafeRawBufferPointer, _ rows: [Range<Int>]) {
    let logarithm = Logarithm()
    ofRow = rows.map { Contexts.width(bytes, $0, logarithm) }
    counts = Contexts.counted(bytes, rows, ofRow, contexts: 1 + Int(ofRow.max() ?? 0))
    var rowCounts = [Int](repeating: 0, count: counts.count)
    for width in ofRow { rowCounts[Int(width)] += 1 }
    let parts = zip(counts, rowCounts).filter { $1 > 0 }.map { Part($0, rows: $1, logarithm) }
    counts = Contexts.sorted(Contexts.joined(parts, logarithm)).counts
    guard counts.count > 1 else {
      ofRow = [UInt8](repeating: 0, count: rows.count)
      return
    }
    for _ in 0..<Contexts.rounds {
      assignRows(bytes, rows, costs: costs(logarithm))
      let sorted = Contexts.sorted(Contexts.counted(bytes, rows, ofRow, contexts: counts.count))
      counts = sorted.counts
      for row in ofRow.indices { ofRow[row] = sorted.places[Int(ofRow[row])] }
    }
  }

  private static let rounds = 5

  // MARK: Distributions

  /// Four times the logarithm of a row's mean magnitude: at most 61.
  private static func width(_ bytes: UnsafeRawBufferPointer, _ row: Range<Int>, _ logarithm: Logarithm) -> UInt8 {
    let sum = bytes[row].reduce(0) { $0 + Int(Int8(bitPattern: $1).magnitude) }
    return UInt8(logarithm.base2((sum << 8) / row.count + 8) >> 14)
  }

  /// How often each byte occurs in the rows of some distributions.
  private static func counted(
    _ bytes: UnsafeRawBufferPointer, _ rows: [Range<Int>], _ ofRow: [UInt8], contexts: Int
  ) -> [[Int]] {
    var all = [Int](repeating: 0, count: contexts * 256)
    all.withUnsafeMutableBufferPointer { all in
      for (row, context) in zip(rows, ofRow) {
        for index in row { all[Int(context) << 8 | Int(bytes[index])] += 1 }
      }
    }
    return (0..<contexts).map { Array(all[$0 * 256..<$0 * 256 + 256]) }
  }

  /// The narrowest first, without those that nothing belongs to; and each one's place then.
  private static func sorted(_ counts: [[Int]]) -> (counts: [[Int]], places: [UInt8]) {
    let widths = counts.map { counts in
      let sum = counts.enumerated().reduce(0) { $0 + Int(Int8(bitPattern: UInt8($1.offset)).magnitude) * $1.element }
      return (sum << 16) / max(1, counts.reduce(0, +))
    }
    let used = counts.indices.filter { context in counts[context].contains { $0 > 0 } }
    let order = used.sorted { (widths[$0], $0) < (widths[$1], $1) }
    var places = [UInt8](repeating: 0, count: counts.count)
    for (place, context) in order.enumerated() { places[context] = UInt8(place) }
    return (order.map { counts[$0] }, places)
  }

  /// Joins what is alike, the best pair first.
  private static func joined(_ parts: [Part], _ logarithm: Logarithm) -> [[Int]] {
    var parts = parts
    // loss[i][j], j < i: the bits that joining costs, less those of a table.
    var loss = parts.indices.map { i in (0..<i).map { j in parts[i].loss(with: parts[j], logarithm) } }
    while parts.count > 1 {
      var best = (loss: Int.max, i: 0, j: 0)
      for i in parts.indices {
        for j in 0..<i where loss[i][j] < best.loss { best = (loss[i][j], i, j) }
      }
      guard best.loss < 0 || parts.count > most else { break }
      let (one, other) = (parts[best.i], parts[best.j])
      parts[best.j] = Part(zip(one.counts, other.counts).map { $0 + $1 }, rows: one.rows + other.rows, logarithm)
      // The last one takes the place of the one that is gone.
      let last = parts.count - 1
      parts.swapAt(best.i, last)
      parts.removeLast()
      for k in 0..<last where k != best.i {
        let moved = loss[last][k]
        if best.i != last { if k < best.i { loss[best.i][k] = moved } else { loss[k][best.i] = moved } }
      }
      loss.removeLast()
      for k in parts.indices where k != best.j {
        let value = parts[k].loss(with: parts[best.j], logarithm)
        if k < best.j { loss[best.j][k] = value } else { loss[k][best.j] = value }
      }
    }
    return parts.map(\.counts)
  }

  private struct Part {
    let counts: [Int]
    let rows: Int
    let sum: Int
    /// What the bytes take with a table of their own, n log n less the sum of c log c, and about what the table takes.
    let bits: Int
    let tableBits: Int

    init(_ counts: [Int], rows: Int, _ logarithm: Logarithm) {
      self.counts = counts
      self.rows = rows
      sum = counts.reduce(0, +)
      bits = sum * logarithm.base2(sum) - logarithm.products(counts, plus: Part.nothing)
      tableBits = (24 + 3 * counts.count { $0 > 0 }) * Logarithm.one
    }

    func loss(with other: Part, _ logarithm: Logarithm) -> Int {
      let both = sum + other.sum
      let joined = both * logarithm.base2(both) - logarithm.products(counts, plus: other.counts)
      // What it takes to tell the rows of the one from those of the other.
      let all = rows + other.rows
      let choices =
        all * logarithm.base2(all) - rows * logarithm.base2(rows) - other.rows * logarithm.base2(other.rows)
      return joined - bits - other.bits - choices - min(tableBits, other.tableBits)
    }

    private static let nothing = [Int](repeating: 0, count: 256)
  }

  // MARK: Rows

  /// One number for each distribution.
  private typealias PerContext = SIMD16<UInt32>

  /// What each byte takes with each distribution, in 2^-8 bits.
  private func costs(_ logarithm: Logarithm) -> [PerContext] {
    let sums = counts.map { logarithm.base2($0.reduce(0, +)) }
    return (0..<256).map { byte in
      var cost = PerContext(repeating: 0)
      for (context, sum) in sums.enumerated() {
        let count = counts[context][byte]
        // What does not occur yet costs a place in the table, too.
        let bits = count == 0 ? 24 * Logarithm.one : min(12 * Logarithm.one, sum - logarithm.base2(count))
        cost[context] = UInt32(bits >> 8)
      }
      return cost
    }
  }

  /// About what the number of a row's table takes after that of the row before: the farther from it the more.
  private static let changes: [PerContext] = (0..<most).map { before in
    var cost = PerContext(repeating: 0)
    for context in 0..<most { cost[context] = UInt32(2 * bitLength(1 + 2 * abs(context - before)) - 1) << 8 }
    return cost
  }

  /// Gives rows the distributions that make all of them together shortest.
  private mutating func assignRows(_ bytes: UnsafeRawBufferPointer, _ rows: [Range<Int>], costs: [PerContext]) {
    // For each row and distribution that of the row before from which it is reached at least cost.
    var origins: [SIMD16<UInt8>] = []
    origins.reserveCapacity(rows.count)
    var total = PerContext(repeating: 0)
    costs.withUnsafeBufferPointer { costs in
      for row in rows {
        var least = PerContext(repeating: .max)
        var origin = SIMD16<UInt32>(repeating: 0)
        for context in counts.indices {
          let sum = Contexts.changes[context] &+ total[context]
          let isLess = sum .< least
          least.replace(with: sum, where: isLess)
          origin.replace(with: UInt32(context), where: isLess)
        }
        origins.append(SIMD16<UInt8>(truncatingIfNeeded: origin))
        var cost = PerContext(repeating: 0)
        for index in row { cost &+= costs[Int(bytes[index])] }
        total = least &- least.min() &+ cost
      }
    }
    var context = counts.indices.min { total[$0] < total[$1] } ?? 0
    for row in rows.indices.reversed() {
      ofRow[row] = UInt8(context)
      context = Int(origins[row][context])
    }
  }
}

/// Which blocks of some bytes have the same distribution, so that one table of frequencies serves them all.
///
/// Rows of weights resemble each other within a layer and across layers more than their neighbours. First about a
/// hundred pieces of equal length are joined, two at a time, as long as a table fewer saves more bits than the joint
/// distribution costs. Then blocks, which are much smaller, go to the distribution that makes them shortest, switching
/// as seldom as pays (the Viterbi algorithm), and distributions are counted anew, three times.
struct Contexts {
  /// Bytes of a block.
  static let blockSize = 64
  /// Distributions at most.
  static let most = 16

  /// How often each byte occurs in the blocks of a distribution.
  private(set) var counts: [[Int]]
  /// Each block's distribution.
  private(set) var ofBlock: [UInt8]

  /// - Parameter bytes: not empty
  init(_ bytes: UnsafeRawBufferPointer) {
    let logarithm = Logarithm()
    counts = Contexts.joined(Contexts.pieces(of: bytes), logarithm)
    ofBlock = [UInt8](repeating: 0, count: (bytes.count + Contexts.blockSize - 1) / Contexts.blockSize)
    for _ in 0..<3 where counts.count > 1 {
      assignBlocks(of: bytes, costs: costs(logarithm))
      recount(bytes)
    }
  }

  /// Neighbouring blocks of one distribution.
  var runs: [(context: Int, blocks: Int)] {
    var runs: [(context: Int, blocks: Int)] = []
    for context in ofBlock {
      if let last = runs.last, last.context == Int(context) {
        runs[runs.count - 1].blocks += 1
      } else {
        runs.append((Int(context), 1))
      }
    }
    return runs
  }

  // MARK: Distributions

  /// The counts of pieces of whole blocks, of which there are 128 at most.
  private static func pieces(of bytes: UnsafeRawBufferPointer) -> [[Int]] {
    let size = max(1024, (bytes.count / 128 / blockSize + 1) * blockSize)
    return stride(from: 0, to: bytes.count, by: size).map { start in
      count(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + size)]))
    }
  }

  private static func count(_ bytes: UnsafeRawBufferPointer) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    return counts
  }

  /// Joins what is alike, the best pair first.
  private static func joined(_ pieces: [[Int]], _ logarithm: Logarithm) -> [[Int]] {
    var parts = pieces.map { Part($0, logarithm) }
    // loss[i][j], j < i: the bits that joining costs, less those of a table.
    var loss = parts.indices.map { i in (0..<i).map { j in parts[i].loss(with: parts[j], logarithm) } }
    while parts.count > 1 {
      var best = (loss: Int.max, i: 0, j: 0)
      for i in parts.indices {
        for j in 0..<i where loss[i][j] < best.loss { best = (loss[i][j], i, j) }
      }
      guard best.loss < 0 || parts.count > most else { break }
      parts[best.j] = Part(zip(parts[best.i].counts, parts[best.j].counts).map { $0 + $1 }, logarithm)
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
    let sum: Int
    /// What the bytes take with a table of their own, n log n less the sum of c log c, and about what the table takes.
    let bits: Int
    let tableBits: Int

    init(_ counts: [Int], _ logarithm: Logarithm) {
      self.counts = counts
      sum = counts.reduce(0, +)
      bits = sum * logarithm.base2(sum) - logarithm.products(counts, plus: Part.nothing)
      tableBits = (24 + 3 * counts.count { $0 > 0 }) * Logarithm.one
    }

    func loss(with other: Part, _ logarithm: Logarithm) -> Int {
      let both = sum + other.sum
      let joined = both * logarithm.base2(both) - logarithm.products(counts, plus: other.counts)
      return joined - bits - other.bits - min(tableBits, other.tableBits)
    }

    private static let nothing = [Int](repeating: 0, count: 256)
  }

  // MARK: Blocks

  /// One number for each distribution.
  private typealias PerContext = SIMD16<UInt32>

  /// What each byte takes with each distribution, in 2^-8 bits.
  private func costs(_ logarithm: Logarithm) -> [PerContext] {
    let sums = counts.map { logarithm.base2($0.reduce(0, +)) }
    return (0..<256).map { byte in
      var cost = PerContext(repeating: 1 << 20)
      for (context, sum) in sums.enumerated() {
        let count = counts[context][byte]
        // What does not occur yet costs a place in the table, too.
        let bits = count == 0 ? 24 * Logarithm.one : min(12 * Logarithm.one, sum - logarithm.base2(count))
        cost[context] = UInt32(bits >> 8)
      }
      return cost
    }
  }

  /// What changing to another distribution takes: about the bits of a run.
  private static let switching: UInt32 = 12 << 8

  /// Gives blocks the distributions that make all of them together shortest.
  private mutating func assignBlocks(of bytes: UnsafeRawBufferPointer, costs: [PerContext]) {
    let contexts = counts.count
    // For each block the distribution to come from, and those that are better reached from there than kept.
    var steps: [(from: UInt8, switched: UInt16)] = []
    steps.reserveCapacity(ofBlock.count)
    var total = PerContext(repeating: 0)
    costs.withUnsafeBufferPointer { costs in
      for start in stride(from: 0, to: bytes.count, by: Contexts.blockSize) {
        var block = PerContext(repeating: 0)
        for index in start..<min(bytes.count, start + Contexts.blockSize) { block &+= costs[Int(bytes[index])] }
        var from = 0
        for context in 1..<contexts where total[context] < total[from] { from = context }
        let least = total[from]
        var switched: UInt16 = 0
        for context in 0..<contexts {
          let kept = total[context] - least
          if kept > Contexts.switching { switched |= 1 << UInt16(context) }
          total[context] = min(kept, Contexts.switching) + block[context]
        }
        steps.append((UInt8(from), switched))
      }
    }
    var context = (0..<contexts).min { total[$0] < total[$1] } ?? 0
    for block in steps.indices.reversed() {
      ofBlock[block] = UInt8(context)
      if steps[block].switched >> UInt16(context) & 1 == 1 { context = Int(steps[block].from) }
    }
  }

  /// Counts what the distributions' blocks hold, and leaves out those without blocks.
  private mutating func recount(_ bytes: UnsafeRawBufferPointer) {
    var all = [Int](repeating: 0, count: counts.count * 256)
    all.withUnsafeMutableBufferPointer { all in
      for (block, context) in ofBlock.enumerated() {
        let start = block * Contexts.blockSize
        for index in start..<min(bytes.count, start + Contexts.blockSize) {
          all[Int(context) << 8 | Int(bytes[index])] += 1
        }
      }
    }
    let found = counts.indices.map { Array(all[$0 * 256..<$0 * 256 + 256]) }
    let used = found.indices.filter { context in found[context].contains { $0 > 0 } }
    counts = used.map { found[$0] }
    var places = [UInt8](repeating: 0, count: found.count)
    for (place, context) in used.enumerated() { places[context] = UInt8(place) }
    for block in ofBlock.indices { ofBlock[block] = places[Int(ofBlock[block])] }
  }
}

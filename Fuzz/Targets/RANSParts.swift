/// Codec 3 of bundles, with one table for all bytes. Written from `docs/format.md` like `BundleParts`, plain and slow.
enum RANSParts {
  private static let order = [0] + (1...127).flatMap { [$0, 256 - $0] } + [128]

  // MARK: Writing

  static func compressed(_ raw: [UInt8]) -> [UInt8]? {
    guard !raw.isEmpty else { return nil }
    // Every byte has a slot, and more the more often it occurs.
    var frequencies = [Int](repeating: 1, count: 256)
    for byte in raw { frequencies[Int(byte)] += 1 }
    frequencies = frequencies.map { max(1, $0 * 3840 / (raw.count + 256)) }
    frequencies[Int(raw[0])] += 4096 - frequencies.reduce(0, +)

    var bits: [UInt8] = []
    func append(_ number: Int, _ count: Int) {
      for bit in (0..<count).reversed() { bits.append(UInt8(number >> bit & 1)) }
    }
    func append(golomb number: Int, order: Int) {
      let u = (number >> order) + 1
      let length = Int.bitWidth - u.leadingZeroBitCount
      append(0, length - 1)
      append(u, length)
      append(number, order)
    }
    append(0, 4)
    append(255, 8)
    var last = [0, 0, 0, 0]
    var scale = 32
    for byte in order {
      let (frequency, mean) = (frequencies[byte], last.reduce(0, +) / 4)
      let number =
        frequency > 2 * mean ? frequency : frequency > mean ? 2 * (frequency - mean) - 1 : 2 * (mean - frequency)
      append(golomb: number, order: golombOrder(scale))
      last = last.dropFirst() + [frequency]
      scale += number - scale / 4
    }
    append(golomb: (raw.count + 63) / 64 - 1, order: 4)
    var chunks: [UInt8] = []
    for start in stride(from: 0, to: raw.count, by: 1 << 18) {
      let (states, words) = encoded(raw[start..<min(raw.count, start + (1 << 18))], frequencies)
      append(words.count, 20)
      for state in states { for shift in [0, 8, 16, 24] { chunks.append(UInt8(truncatingIfNeeded: state >> shift)) } }
      for word in words { chunks += [UInt8(word & 255), UInt8(word >> 8)] }
    }
    append(0, (8 - bits.count % 8) % 8)
    let head = stride(from: 0, to: bits.count, by: 8).map { bits[$0..<$0 + 8].reduce(0) { $0 << 1 | $1 } }
    return head + chunks
  }

  private static func golombOrder(_ scale: Int) -> Int {
    scale < 8 ? 0 : Int.bitWidth - 1 - (scale / 4).leadingZeroBitCount
  }

  private static func starts(_ frequencies: [Int]) -> [Int] {
    var sum = 0
    return frequencies.map { frequency in
      defer { sum += frequency }
      return sum
    }
  }

  private static func encoded(_ chunk: ArraySlice<UInt8>, _ frequencies: [Int]) -> (states: [Int], words: [Int]) {
    let starts = starts(frequencies)
    var states = [Int](repeating: 1 << 16, count: 32)
    var words: [Int] = []
    for index in chunk.indices.reversed() {
      let (byte, lane) = (Int(chunk[index]), (index - chunk.startIndex) % 32)
      if states[lane] >> 20 >= frequencies[byte] {
        words.append(states[lane] & 0xFFFF)
        states[lane] >>= 16
      }
      let (quotient, rest) = states[lane].quotientAndRemainder(dividingBy: frequencies[byte])
      states[lane] = quotient * 4096 + rest + starts[byte]
    }
    return (states, words.reversed())
  }

  // MARK: Reading

  /// Nil where the bytes are damaged, or hold more than `limit`.
  static func expanded(_ stored: [UInt8], size: Int, limit: Int) -> [UInt8]? {
    guard size > 0, size <= limit else { return nil }
    var position = 0
    func number(_ count: Int) -> Int? {
      guard position + count <= 8 * stored.count else { return nil }
      defer { position += count }
      return (position..<position + count).reduce(0) { $0 << 1 | Int(stored[$1 / 8] >> UInt8(7 - $1 % 8) & 1) }
    }
    func golomb(_ order: Int) -> Int? {
      var zeros = 0
      while let bit = number(1), bit == 0, zeros < 32 { zeros += 1 }
      guard let rest = number(zeros), let low = number(order) else { return nil }
      return ((1 << zeros | rest) - 1) << order | low
    }

    guard let last = number(4) else { return nil }
    var tables: [[Int]] = []
    for _ in 0...last {
      guard let last = number(8) else { return nil }
      var frequencies = [Int](repeating: 0, count: 256)
      var four = [0, 0, 0, 0]
      var scale = 32
      for byte in order[...last] {
        let mean = four.reduce(0, +) / 4
        guard let number = golomb(golombOrder(scale)), number < 4096 else { return nil }
        let step = number % 2 == 1 ? (number + 1) / 2 : -number / 2
        frequencies[byte] = number > 2 * mean ? number : mean + step
        guard frequencies[byte] < 4096 else { return nil }
        four = four.dropFirst() + [frequencies[byte]]
        scale += number - scale / 4
      }
      guard frequencies.reduce(0, +) == 4096 else { return nil }
      tables.append(frequencies)
    }
    var tableOfBlock: [Int] = []
    while tableOfBlock.count < (size + 63) / 64 {
      guard let more = golomb(4), let table = number(Int.bitWidth - last.leadingZeroBitCount), table <= last,
        more < (size + 63) / 64 - tableOfBlock.count
      else { return nil }
      tableOfBlock += [Int](repeating: table, count: more + 1)
    }
    var counts: [Int] = []
    for _ in stride(from: 0, to: size, by: 1 << 18) {
      guard let count = number(20) else { return nil }
      counts.append(count)
    }
    var next = (position + 7) / 8
    guard next + counts.reduce(0, { $0 + 128 + 2 * $1 }) == stored.count else { return nil }
    func littleEndian(_ count: Int) -> Int {
      defer { next += count }
      return stored[next..<next + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    let slots = tables.map { frequencies in frequencies.enumerated().flatMap { Array(repeating: $0, count: $1) } }
    let starts = tables.map(starts)
    var raw: [UInt8] = []
    for count in counts {
      var states = (0..<32).map { _ in littleEndian(4) }
      let end = next + 2 * count
      for index in raw.count..<min(size, raw.count + (1 << 18)) {
        let (table, lane) = (tableOfBlock[index / 64], index % 32)
        let slot = states[lane] % 4096
        let byte = slots[table][slot]
        states[lane] = tables[table][byte] * (states[lane] / 4096) + slot - starts[table][byte]
        if states[lane] < 1 << 16 {
          guard next < end else { return nil }
          states[lane] = states[lane] << 16 | littleEndian(2)
        }
        raw.append(UInt8(byte))
      }
      guard next == end, states.allSatisfy({ $0 == 1 << 16 }) else { return nil }
    }
    return raw
  }
}

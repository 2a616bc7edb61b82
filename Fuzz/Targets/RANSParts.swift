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

    var bits = BitList()
    bits.append(0, 4)
    bits.append(255, 8)
    var numbers = Numbers(scale: 32)
    for byte in order { numbers.append(frequencies[byte], to: &bits) }
    var chunks: [UInt8] = []
    for start in stride(from: 0, to: raw.count, by: 1 << 18) {
      let (states, words) = encoded(raw[start..<min(raw.count, start + (1 << 18))], frequencies)
      bits.append(words.count, 20)
      for state in states { for shift in [0, 8, 16, 24] { chunks.append(UInt8(truncatingIfNeeded: state >> shift)) } }
      for word in words { chunks += [UInt8(word & 255), UInt8(word >> 8)] }
    }
    return bits.bytes + chunks
  }

  /// Numbers stored by how far they are from the four before them.
  private struct Numbers {
    var scale: Int
    var last = [0, 0, 0, 0]

    private var order: Int { scale < 8 ? 0 : Int.bitWidth - 1 - (scale / 4).leadingZeroBitCount }

    mutating func append(_ number: Int, to bits: inout BitList) {
      let mean = last.reduce(0, +) / 4
      let code = number > 2 * mean ? number : number > mean ? 2 * (number - mean) - 1 : 2 * (mean - number)
      bits.append(golomb: code, order: order)
      last = last.dropFirst() + [number]
      scale += code - scale / 4
    }

    mutating func next(_ bits: inout BitList) -> Int? {
      guard let code = bits.golomb(order), code < 1 << 20 else { return nil }
      let mean = last.reduce(0, +) / 4
      let number = code > 2 * mean ? code : mean + (code % 2 == 1 ? (code + 1) / 2 : -code / 2)
      last = last.dropFirst() + [number]
      scale += code - scale / 4
      return number
    }
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
    var bits = BitList(bytes: stored)
    guard let last = bits.number(4) else { return nil }
    var tables: [[Int]] = []
    for _ in 0...last {
      guard let last = bits.number(8) else { return nil }
      var frequencies = [Int](repeating: 0, count: 256)
      var numbers = Numbers(scale: 32)
      for byte in order[...last] {
        guard let number = numbers.next(&bits), number < 4096 else { return nil }
        frequencies[byte] = number
      }
      guard frequencies.reduce(0, +) == 4096 else { return nil }
      tables.append(frequencies)
    }
    var lengths: [Int] = []
    var covered = last == 0 ? size : 0
    while covered < size {
      guard let more = bits.golomb(4), let rest = bits.golomb(6), rest < size - covered,
        more < (size - covered) / (rest + 1)
      else { return nil }
      lengths += [Int](repeating: rest + 1, count: more + 1)
      covered += (more + 1) * (rest + 1)
    }
    var tableOfByte = last == 0 ? [Int](repeating: 0, count: size) : []
    var numbers = Numbers(scale: 8)
    for length in lengths {
      guard let table = numbers.next(&bits), table <= last else { return nil }
      tableOfByte += [Int](repeating: table, count: length)
    }
    var counts: [Int] = []
    for _ in stride(from: 0, to: size, by: 1 << 18) {
      guard let count = bits.number(20) else { return nil }
      counts.append(count)
    }
    var next = bits.bytesRead
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
        let (table, lane) = (tableOfByte[index], index % 32)
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

/// Bits of bytes, the highest of a byte first.
struct BitList {
  private var bits: [UInt8]
  private var position = 0

  init(bytes: [UInt8] = []) {
    bits = bytes.flatMap { byte in (0..<8).map { byte >> UInt8(7 - $0) & 1 } }
  }

  /// All that was appended, filled up with zeros.
  var bytes: [UInt8] {
    let padded = bits + [UInt8](repeating: 0, count: (8 - bits.count % 8) % 8)
    return stride(from: 0, to: padded.count, by: 8).map { padded[$0..<$0 + 8].reduce(0) { $0 << 1 | $1 } }
  }

  /// Whether the bits left are zeros of the last byte.
  var isAtEnd: Bool { bits.count - position < 8 && bits[position...].allSatisfy { $0 == 0 } }

  /// Whole bytes of which bits have been read.
  var bytesRead: Int { (position + 7) / 8 }

  mutating func append(_ number: Int, _ count: Int) {
    for bit in (0..<count).reversed() { bits.append(UInt8(number >> bit & 1)) }
  }

  mutating func append(golomb number: Int, order: Int) {
    let u = (number >> order) + 1
    let length = Int.bitWidth - u.leadingZeroBitCount
    append(0, length - 1)
    append(u, length)
    append(number, order)
  }

  mutating func number(_ count: Int) -> Int? {
    guard position + count <= bits.count else { return nil }
    defer { position += count }
    return bits[position..<position + count].reduce(0) { $0 << 1 | Int($1) }
  }

  mutating func golomb(_ order: Int) -> Int? {
    var zeros = 0
    while let bit = number(1), bit == 0, zeros < 32 { zeros += 1 }
    guard let rest = number(zeros), let low = number(order) else { return nil }
    return ((1 << zeros | rest) - 1) << order | low
  }
}

/// Numbers as bits, the highest bit of a byte first.
struct BitWriter {
  private(set) var bytes: [UInt8] = []
  /// Bits of the last byte that are still free.
  private var free = 0

  /// Appends the lowest `count` bits of a number, the highest of them first.
  mutating func append(_ number: Int, bits count: Int) {
    var left = count
    while left > 0 {
      if free == 0 {
        bytes.append(0)
        free = 8
      }
      let taken = min(left, free)
      left -= taken
      free -= taken
      bytes[bytes.count - 1] |= UInt8(number >> left & (1 << taken - 1)) << UInt8(free)
    }
  }

  /// Appends a number, not negative, as exponential Golomb code (J. Teuhola, 1978): of u = (number >> order) + 1, which
  /// has n bits, n - 1 zeros and u; then the `order` lowest bits of the number.
  mutating func append(golomb number: Int, order: Int) {
    let u = (number >> order) + 1
    append(0, bits: bitLength(u) - 1)
    append(u, bits: bitLength(u))
    append(number, bits: order)
  }

  static func length(golomb number: Int, order: Int) -> Int { 2 * bitLength((number >> order) + 1) - 1 + order }
}

/// Reads what `BitWriter` wrote. Whatever the bytes are: no number is made of bits past their end.
struct BitReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Bytes of which bits have been read.
  var bytesRead: Int { (position + 7) / 8 }

  /// Whether the bits left of the last byte are zero.
  var endsInZeros: Bool { position % 8 == 0 || bytes[position / 8] << UInt8(position % 8) == 0 }

  /// The number that the next bits make up; nil where there are less.
  mutating func number(bits count: Int) -> Int? {
    guard count <= 8 * bytes.count - position else { return nil }
    var number = 0
    var left = count
    while left > 0 {
      let unread = 8 - position % 8
      let taken = min(left, unread)
      let byte = Int(bytes[position / 8])
      number = number << taken | byte >> (unread - taken) & (1 << taken - 1)
      left -= taken
      position += taken
    }
    return number
  }

  /// Nil also where the number has more than 32 bits and the order.
  mutating func golomb(order: Int) -> Int? {
    var zeros = 0
    while true {
      guard let bit = number(bits: 1), zeros < 32 else { return nil }
      if bit == 1 { break }
      zeros += 1
    }
    guard let rest = number(bits: zeros), let low = number(bits: order) else { return nil }
    return ((1 << zeros | rest) - 1) << order | low
  }
}

/// Bits of a number without zeros in front; 0 of 0.
@inline(__always)
func bitLength(_ number: Int) -> Int { Int.bitWidth - number.leadingZeroBitCount }

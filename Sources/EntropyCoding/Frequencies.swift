import CKernels

/// How often the 256 bytes occur, in 4096ths: each less than 4096, together 4096.
struct Frequencies {
  static let total = 1 << Int(CK_RANS_BITS)

  private(set) var ofByte: [UInt16]

  /// The order in which frequencies are stored: bytes as int8, by magnitude.
  private static let order: [Int] = [0] + (1...127).flatMap { [$0, 256 - $0] } + [128]

  /// The frequencies next to some counts, not all of them zero. What occurs has a frequency.
  init(counts: [Int]) {
    let sum = counts.reduce(0, +)
    var frequencies = counts.map { $0 == 0 ? 0 : min(Frequencies.total - 1, max(1, $0 * Frequencies.total / sum)) }
    // What rounding has left over goes where it saves most, and what it lacks comes from where that costs least: a
    // byte's bits change by about count / frequency.
    var rest = Frequencies.total - frequencies.reduce(0, +)
    while rest != 0 {
      var best: Int?
      for byte in 0..<256 where rest > 0 ? counts[byte] > 0 : frequencies[byte] > 1 {
        guard let other = best else {
          best = byte
          continue
        }
        let isMore = counts[byte] * frequencies[other] > counts[other] * frequencies[byte]
        if isMore == (rest > 0) { best = byte }
      }
      guard let best else { preconditionFailure("no byte occurs") }
      // A single byte cannot have all: its neighbour gets the last.
      let isFull = rest > 0 && frequencies[best] == Frequencies.total - 1
      frequencies[isFull ? (best + 1) % 256 : best] += rest.signum()
      rest -= rest.signum()
    }
    ofByte = frequencies.map { UInt16($0) }
  }

  // MARK: Stored form

  private static let scale = 32

  func write(to bits: inout BitWriter) {
    let count = 1 + (Frequencies.order.lastIndex { ofByte[$0] > 0 } ?? 0)
    bits.append(count - 1, bits: 8)
    var expected = Expectation(scale: Frequencies.scale)
    for byte in Frequencies.order.prefix(count) { expected.write(Int(ofByte[byte]), to: &bits) }
  }

  /// Nil unless the next bits are frequencies.
  init?(_ bits: inout BitReader) {
    guard let last = bits.number(bits: 8) else { return nil }
    ofByte = [UInt16](repeating: 0, count: 256)
    var expected = Expectation(scale: Frequencies.scale)
    var sum = 0
    for byte in Frequencies.order.prefix(last + 1) {
      guard let frequency = expected.read(&bits, below: Frequencies.total) else { return nil }
      ofByte[byte] = UInt16(frequency)
      sum += frequency
    }
    guard sum == Frequencies.total else { return nil }
  }
}

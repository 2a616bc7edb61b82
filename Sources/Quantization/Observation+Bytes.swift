package import Tensors

extension Observation {
  /// Histograms that are read from one file: each takes 16 KiB of memory, however few bytes stand for it.
  package static let mostHistograms = 1 << 16
  /// Channels of one value.
  private static let mostChannels = 1 << 24

  /// How many histograms there are.
  package var histogramCount: Int { histograms.byExponent.count }

  /// Whether so much was counted that it is not read again.
  package var isBeyondReading: Bool {
    images > Int64(Histogram.mostValues)
      || histograms.byExponent.values.contains { $0.total > Histogram.mostValues }
  }

  /// Whether what another has seen can be added: channels are as many, where both have seen some.
  package func canTake(_ other: Observation) -> Bool {
    channelSums.isEmpty || other.channelSums.isEmpty || channelSums.count == other.channelSums.count
  }

  /// Writes what was seen: the same bytes for the same values, whatever their order.
  ///
  ///     histograms   their number, then by rising exponent of the image's scale
  ///       exponent     a signed number
  ///       range        the smallest and the largest value, float32 each
  ///       counts       the first bin that counted something, their number, and the counts up to the last that did
  ///     channels     their number, and where there are some
  ///       images       how many were added
  ///       sums         of the channel's mean in units of 2^-24, int64 each
  ///       peaks        the channel's largest magnitude, float32 each
  ///
  /// Numbers are those of `CountWriter`. Where the grid of a histogram lies follows from its range.
  package func write(to writer: inout CountWriter) {
    let histograms = histograms.byExponent.filter { $0.value.total > 0 }.sorted { $0.key < $1.key }
    writer.append(UInt64(histograms.count))
    for (exponent, histogram) in histograms {
      writer.append(signed: exponent)
      writer.append(float: histogram.minimum)
      writer.append(float: histogram.maximum)
      let first = histogram.counts.firstIndex { $0 > 0 } ?? 0
      let end = (histogram.counts.lastIndex { $0 > 0 } ?? 0) + 1
      writer.append(UInt64(first))
      writer.append(UInt64(end - first))
      for count in histogram.counts[first..<end] { writer.append(count) }
    }
    writer.append(UInt64(channelSums.count))
    if channelSums.isEmpty { return }
    writer.append(UInt64(images))
    for sum in channelSums { writer.append(word: UInt64(bitPattern: sum)) }
    for peak in channelPeaks { writer.append(float: peak) }
  }

  /// Reads what `write` writes, and nothing else.
  package init(reading reader: inout CountReader) throws(Refusal) {
    self.init()
    let count = try reader.count(atMost: 512, "histograms of a value")
    for _ in 0..<count {
      let exponent = try reader.signed()
      guard (-149...127).contains(exponent), histograms.byExponent.keys.allSatisfy({ $0 < exponent }) else {
        throw reader.malformed("scale \(exponent) of images is out of order")
      }
      let (low, high) = (try reader.float(), try reader.float())
      let first = try reader.count(atMost: Histogram.bins, "the first bin")
      let length = try reader.count(atMost: Histogram.bins, "counts")
      var counts: [UInt64] = []
      for _ in 0..<length { counts.append(try reader.number()) }
      // Zeros at either end would be other bytes for the same counts, and so would a zero with a sign.
      guard let ends = counts.first, ends > 0, counts.last != 0, low.bitPattern != Float(-0.0).bitPattern,
        high.bitPattern != Float(-0.0).bitPattern,
        let histogram = Histogram(minimum: low, maximum: high, counts: counts, from: first)
      else { throw reader.malformed("a histogram from \(low) to \(high) does not fit its counts") }
      histograms.byExponent[exponent] = histogram
    }
    let channels = try reader.count(atMost: Observation.mostChannels, "channels")
    if channels == 0 { return }
    images = Int64(try reader.count(atMost: Int(Histogram.mostValues), "images"))
    for _ in 0..<channels { channelSums.append(Int64(bitPattern: try reader.word())) }
    for _ in 0..<channels {
      let peak = try reader.float()
      guard peak >= 0, peak.isFinite else { throw reader.malformed("the largest magnitude of a channel is \(peak)") }
      channelPeaks.append(peak)
    }
  }
}

/// Writes numbers: of those without a name for their width, the lowest seven bits of each byte are seven bits of the
/// number, the lowest first, and the highest says that more follow. Signed numbers are 2n or -2n - 1. Others are
/// little-endian.
package struct CountWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func append(_ number: UInt64) {
    var rest = number
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func append(signed number: Int) {
    append(UInt64(bitPattern: Int64(number << 1 ^ number >> (Int.bitWidth - 1))))
  }

  package mutating func append(word: UInt64) {
    for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
  }

  /// Zero has no sign: which of both a minimum is may depend on the order of samples.
  package mutating func append(float number: Float) {
    append(bits: (number == 0 ? 0 : number).bitPattern)
  }

  package mutating func append(bits: UInt32) {
    for byte in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * byte))) }
  }

  package mutating func append(bytes more: [UInt8]) { bytes += more }

  /// A name, by the bytes it has on disk: their number, then themselves.
  package mutating func append(text: String) {
    let bytes = FileName.bytes(text)
    append(UInt64(bytes.count))
    append(bytes: bytes)
  }
}

/// Reads what `CountWriter` writes. Nothing is reserved that the bytes at hand do not fill.
package struct CountReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0
  private let name: String

  /// - Parameters:
  ///   - bytes: lent for as long as the reader lives
  ///   - name: of the section, for messages
  package init(_ bytes: UnsafeRawBufferPointer, name: String) {
    self.bytes = bytes
    self.name = name
  }

  package var isAtEnd: Bool { offset == bytes.count }

  package func malformed(_ what: String) -> Refusal {
    Refusal(.malformed, reason: "section \(name), byte \(offset): \(what)")
  }

  private var cutOff: Refusal { malformed("ends in the middle") }

  package mutating func number() throws(Refusal) -> UInt64 {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < bytes.count else { throw cutOff }
      let byte = bytes[offset]
      offset += 1
      let bits = UInt64(byte & 127)
      // What does not fit, and what could be written shorter, is not what the writer makes.
      guard shift < 63 || bits <= 1, byte != 0 || shift == 0 else {
        throw malformed("a number is not written as it must be")
      }
      number |= bits << shift
      if byte < 128 { return number }
    }
    throw malformed("a number is too long")
  }

  package mutating func signed() throws(Refusal) -> Int {
    let number = try self.number()
    return Int(Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1))
  }

  package mutating func count(atMost most: Int, _ what: String) throws(Refusal) -> Int {
    let number = try self.number()
    guard number <= UInt64(most) else { throw malformed("\(what): \(number) is more than \(most)") }
    return Int(number)
  }

  package mutating func word() throws(Refusal) -> UInt64 {
    guard offset <= bytes.count - 8 else { throw cutOff }
    defer { offset += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  package mutating func float() throws(Refusal) -> Float {
    guard offset <= bytes.count - 4 else { throw cutOff }
    defer { offset += 4 }
    return Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
  }

  package mutating func text() throws(Refusal) -> String {
    FileName.string(try bytes(try count(atMost: bytes.count, "bytes of a text")))
  }

  package mutating func bytes(_ count: Int) throws(Refusal) -> [UInt8] {
    guard count <= bytes.count - offset else { throw cutOff }
    defer { offset += count }
    return Array(bytes[offset..<offset + count])
  }
}

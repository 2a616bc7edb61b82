import CSHA256

/// A SHA-256 digest (FIPS 180-4).
package struct SHA256: Sendable, Hashable, CustomStringConvertible {
  /// Bytes of a digest.
  package static let size = 32

  package let bytes: [UInt8]

  /// The digest of some bytes.
  package init(of data: UnsafeRawBufferPointer) {
    bytes = [UInt8](unsafeUninitializedCapacity: SHA256.size) { digest, count in
      csha256(data.baseAddress, data.count, digest.baseAddress)
      count = SHA256.size
    }
  }

  /// The digest of some bytes, read in pieces of at most `size` one after the other; `done` is told of each that is
  /// done with.
  package init(of data: UnsafeRawBufferPointer, inPiecesOf size: Int, done: (Range<Int>) -> Void) {
    var stream = csha256_stream()
    csha256_begin(&stream)
    for start in stride(from: 0, to: data.count, by: max(1, size)) {
      let piece = start..<min(data.count, start + max(1, size))
      csha256_add(&stream, UnsafeRawBufferPointer(rebasing: data[piece]).baseAddress, piece.count)
      done(piece)
    }
    bytes = [UInt8](unsafeUninitializedCapacity: SHA256.size) { digest, count in
      csha256_end(&stream, digest.baseAddress)
      count = SHA256.size
    }
  }

  /// The digest of several pieces one after the other.
  package init(of pieces: [UnsafeRawBufferPointer]) {
    var stream = csha256_stream()
    csha256_begin(&stream)
    for piece in pieces { csha256_add(&stream, piece.baseAddress, piece.count) }
    bytes = [UInt8](unsafeUninitializedCapacity: SHA256.size) { digest, count in
      csha256_end(&stream, digest.baseAddress)
      count = SHA256.size
    }
  }

  package init(of data: [UInt8]) {
    self = data.withUnsafeBytes { SHA256(of: $0) }
  }

  /// A digest that was computed before; nil unless it has 32 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == SHA256.size else { return nil }
    self.bytes = bytes
  }

  /// The digest as tools print it: 64 lowercase hexadecimal digits.
  package var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package var description: String { hex }
}

import CZlib
import Tensors

/// Codec 1: one zlib stream (RFC 1950).
enum ZlibCodec: SectionCodec {
  static let number: UInt32 = 1
  static let name = "zlib"

  static func suits(elementSize: Int) -> Bool { elementSize == 1 }

  static func encode(_ raw: UnsafeRawBufferPointer) -> Buffer? { Deflate.compress(raw) }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    Deflate.expand(stored, into: raw)
  }

  static func largestRaw(stored: Int) -> Int { Deflate.largestRaw(stored: stored) }
}

/// zlib's compression, shared by the codecs that end in it.
enum Deflate {
  /// The smallest stream that one of three strategies gives; nil when none is smaller than the bytes.
  ///
  /// Dense int8 weights hold no repetitions worth a search: coding symbols alone is smaller and three times faster than
  /// level 9. Runs are best where most weights are zero, the full search where the bytes are text or nearly constant;
  /// beyond level 6 it costs ten times the time for half a percent.
  static func compress(_ raw: UnsafeRawBufferPointer) -> Buffer? {
    guard raw.count > 1 else { return nil }
    var best: Buffer?
    for strategy in [Z_HUFFMAN_ONLY, Z_RLE, Z_DEFAULT_STRATEGY] {
      let capacity = (best?.count ?? raw.count) - 1
      var length = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
        length = czlib_deflate(raw.baseAddress, raw.count, target.baseAddress, capacity, 6, strategy)
        count = length
      }
      if length > 0 {
        best = Buffer(count: length) { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
      }
    }
    return best
  }

  static func expand(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    czlib_inflate(stored.baseAddress, stored.count, raw.baseAddress, raw.count) != 0
  }

  /// Deflate's densest code gives 258 bytes for two bits.
  static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }
}

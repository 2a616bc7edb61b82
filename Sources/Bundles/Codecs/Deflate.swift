import CZlib
import Tensors

/// zlib's compression, shared by the codecs that end in it.
enum Deflate {
  /// The smallest stream that one of three strategies gives; nil when none is smaller than the bytes.
  ///
  /// Dense int8 weights hold no repetitions worth a search: coding symbols alone is smaller and three times faster than
  /// level 9. Runs are best where most weights are zero, the full search where the bytes are text or nearly constant;
  /// beyond level 6 it costs many times the time for half a percent. It is left out where it would take longest for
  /// nothing: on much data that coding symbols hardly makes smaller.
  static func compress(_ raw: UnsafeRawBufferPointer) -> Buffer? {
    guard raw.count > 1 else { return nil }
    var best: Buffer?
    for strategy in [Z_HUFFMAN_ONLY, Z_RLE, Z_DEFAULT_STRATEGY] {
      let isDense = (best?.count ?? raw.count) > raw.count / 4 * 3
      if strategy == Z_DEFAULT_STRATEGY, isDense, raw.count > 1 << 20 { continue }
      let bytes = [UInt8](unsafeUninitializedCapacity: (best?.count ?? raw.count) - 1) { target, length in
        length = compress(raw, into: UnsafeMutableRawBufferPointer(target), strategy) ?? 0
      }
      guard !bytes.isEmpty else { continue }
      best = Buffer(count: bytes.count) { $0.copyBytes(from: bytes) }
    }
    return best
  }

  /// The length of the stream; nil when it does not fit, or is too long for one call of zlib.
  private static func compress(
    _ raw: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _ strategy: Int32
  ) -> Int? {
    guard let available = UInt32(exactly: raw.count), let capacity = UInt32(exactly: target.count) else { return nil }
    var stream = z_stream()
    let state = deflateInit2_(
      &stream, level, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, strategy, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard state == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    stream.next_in = UnsafeMutablePointer(mutating: raw.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = available
    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
    stream.avail_out = capacity
    return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : nil
  }

  private static let level: Int32 = 6

  /// Writes what a stream holds to `raw`. False unless it is one stream of exactly that many bytes.
  static func expand(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    var written = uLongf(raw.count)
    var read = uLong(stored.count)
    let state = uncompress2(
      raw.bindMemory(to: UInt8.self).baseAddress, &written, stored.bindMemory(to: UInt8.self).baseAddress, &read)
    return state == Z_OK && written == raw.count && read == stored.count
  }

  /// Deflate's densest code gives 258 bytes for two bits.
  static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }
}

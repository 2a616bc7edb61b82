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

  /// Hands over what a stream holds in pieces, which last as long as the call. False unless it is one stream of exactly
  /// `size` bytes; pieces may have been handed over before that shows, together never more than `size`.
  static func expand(
    _ stored: UnsafeRawBufferPointer, size: Int, _ take: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, MAX_WBITS) == Z_OK else { return false }
    defer { inflateEnd(&stream) }
    return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { piece in
      var read = 0
      var written = 0
      while true {
        // zlib counts in 32 bits.
        let input = UnsafeRawBufferPointer(rebasing: stored[read...].prefix(1 << 30))
        stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(input.count)
        stream.next_out = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(piece.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        let produced = piece.count - Int(stream.avail_out)
        read += input.count - Int(stream.avail_in)
        guard status == Z_OK || status == Z_STREAM_END, produced <= size - written else { return false }
        take(UnsafeRawBufferPointer(rebasing: piece[..<produced]))
        written += produced
        if status == Z_STREAM_END { return written == size && read == stored.count }
      }
    }
  }

  /// Deflate's densest code gives 258 bytes for two bits.
  static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }
}

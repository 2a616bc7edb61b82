import CZlib
package import Tensors

/// Compressed data as zlib reads and writes them (RFC 1951), all of it here, and CRC-32.
package enum Deflate {
  /// What stands around compressed data.
  package enum Form {
    /// A header, and a checksum at the end (RFC 1950).
    case zlib
    /// The same of data that may refer to a text which both sides know (a preset dictionary).
    case primed(by: [UInt8])
    /// Nothing, as in zip files.
    case raw

    /// A negative window means a stream without a header.
    fileprivate var window: Int32 {
      if case .raw = self { -MAX_WBITS } else { MAX_WBITS }
    }
  }

  /// The smallest zlib stream that one of three strategies gives; nil when none is smaller than the bytes.
  package static func compress(_ raw: UnsafeRawBufferPointer) -> Buffer? { compress(raw, below: raw.count) }

  /// The smallest zlib stream that one of three strategies gives; nil when none is smaller than `limit`: the size of
  /// the bytes, or less where another coder of symbols has been there, which needs no more than zlib but for a few
  /// bytes.
  ///
  /// Dense int8 weights hold no repetitions worth a search: coding symbols alone is smaller and three times faster than
  /// level 9. Runs are best where most weights are zero, the full search where the bytes are text or nearly constant;
  /// beyond level 6 it costs many times the time for half a percent. It is left out where it would take longest for
  /// nothing: on much data that coding symbols hardly makes smaller.
  package static func compress(_ raw: UnsafeRawBufferPointer, below limit: Int) -> Buffer? {
    guard raw.count > 1, limit > 1 else { return nil }
    let hasCoder = limit < raw.count && raw.count > 1 << 16
    var best: Buffer?
    for strategy in [Z_HUFFMAN_ONLY, Z_RLE, Z_DEFAULT_STRATEGY] {
      let least = best?.count ?? limit
      let isDense = least > raw.count / 4 * 3
      if hasCoder, isDense || strategy == Z_HUFFMAN_ONLY { continue }
      if strategy == Z_DEFAULT_STRATEGY, isDense, raw.count > 1 << 20 { continue }
      let bytes = [UInt8](unsafeUninitializedCapacity: least - 1) { target, length in
        length = compress(raw, into: UnsafeMutableRawBufferPointer(target), strategy) ?? 0
      }
      guard !bytes.isEmpty else { continue }
      best = Buffer(count: bytes.count) { $0.copyBytes(from: bytes) }
    }
    return best
  }

  /// A zlib stream of a text that may refer to another one, which whoever reads it knows too; nil when it is not
  /// smaller than `limit`.
  package static func compress(
    _ raw: UnsafeRawBufferPointer, primedBy text: [UInt8], below limit: Int
  ) -> Buffer? {
    guard raw.count > 1, limit > 1 else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: limit - 1) { target, length in
      length = compress(raw, into: UnsafeMutableRawBufferPointer(target), Z_DEFAULT_STRATEGY, primedBy: text) ?? 0
    }
    return bytes.isEmpty ? nil : Buffer(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// The length of the stream; nil when it does not fit, or is too long for one call of zlib.
  private static func compress(
    _ raw: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, _ strategy: Int32,
    primedBy text: [UInt8] = []
  ) -> Int? {
    guard let available = UInt32(exactly: raw.count), let capacity = UInt32(exactly: target.count) else { return nil }
    var stream = z_stream()
    let state = deflateInit2_(
      &stream, level, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL, strategy, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard state == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    if !text.isEmpty {
      guard deflateSetDictionary(&stream, text, UInt32(text.count)) == Z_OK else { return nil }
    }
    stream.next_in = UnsafeMutablePointer(mutating: raw.bindMemory(to: UInt8.self).baseAddress)
    stream.avail_in = available
    stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
    stream.avail_out = capacity
    return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : nil
  }

  private static let level: Int32 = 6

  /// Writes what a stream holds to `raw`. False unless it is one stream of exactly that many bytes.
  package static func expand(
    _ stored: UnsafeRawBufferPointer, _ form: Form = .zlib, into raw: UnsafeMutableRawBufferPointer
  ) -> Bool {
    // zlib wants memory to write to even where nothing but the end of the stream is left.
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { spare in
      expand(
        stored, form, size: raw.count,
        room: { written in written < raw.count ? UnsafeMutableRawBufferPointer(rebasing: raw[written...]) : spare },
        take: { _ in })
    }
  }

  /// Hands over what a stream holds in pieces, which last as long as the call. False unless it is one stream of exactly
  /// `size` bytes; pieces may have been handed over before that shows, together never more than `size`.
  package static func expand(
    _ stored: UnsafeRawBufferPointer, _ form: Form = .zlib, size: Int, _ take: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { piece in
      expand(stored, form, size: size, room: { _ in piece }, take: take)
    }
  }

  /// - Parameters:
  ///   - room: where the next bytes go, after so many; never empty
  ///   - take: what is done with bytes that were written there
  private static func expand(
    _ stored: UnsafeRawBufferPointer, _ form: Form, size: Int,
    room: (_ written: Int) -> UnsafeMutableRawBufferPointer, take: (UnsafeRawBufferPointer) -> Void
  ) -> Bool {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, form.window) == Z_OK else { return false }
    defer { inflateEnd(&stream) }
    var read = 0
    var written = 0
    var known: [UInt8]?
    if case .primed(let text) = form { known = text }
    while true {
      // zlib counts in 32 bits.
      let input = UnsafeRawBufferPointer(rebasing: stored[read...].prefix(1 << 30))
      let output = UnsafeMutableRawBufferPointer(rebasing: room(written).prefix(1 << 30))
      give(input, output, to: &stream)
      let status = inflate(&stream, Z_NO_FLUSH)
      let produced = output.count - Int(stream.avail_out)
      read += input.count - Int(stream.avail_in)
      if status == Z_NEED_DICT, let text = known {
        guard inflateSetDictionary(&stream, text, UInt32(text.count)) == Z_OK else { return false }
        known = nil
        continue
      }
      // Without progress zlib answers Z_BUF_ERROR, which ends the loop here.
      guard status == Z_OK || status == Z_STREAM_END, produced <= size - written else { return false }
      take(UnsafeRawBufferPointer(rebasing: output[..<produced]))
      written += produced
      // A stream that asked for no text is none of this form.
      if status == Z_STREAM_END { return written == size && read == stored.count && known == nil }
    }
  }

  /// Writes the first bytes that a stream holds to `target`, as far as they can be told; the rest is left as it is.
  package static func expandBeginning(
    of stored: UnsafeRawBufferPointer, _ form: Form, into target: UnsafeMutableRawBufferPointer
  ) {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, form.window) == Z_OK else { return }
    defer { inflateEnd(&stream) }
    give(
      UnsafeRawBufferPointer(rebasing: stored.prefix(1 << 30)),
      UnsafeMutableRawBufferPointer(rebasing: target.prefix(1 << 30)), to: &stream)
    _ = inflate(&stream, Z_SYNC_FLUSH)
  }

  private static func give(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, to stream: inout z_stream
  ) {
    stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
    stream.avail_in = UInt32(input.count)
    stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.avail_out = UInt32(output.count)
  }

  /// The most bytes that compressed ones can stand for: the densest code gives 258 bytes for two bits. A larger claim
  /// is false and asks for memory in vain.
  package static func largestRaw(stored: Int) -> Int {
    let (product, overflow) = stored.multipliedReportingOverflow(by: 1032)
    return overflow ? .max : product
  }

  package static func crc32(of bytes: UnsafeRawBufferPointer) -> Int {
    Int(crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }
}

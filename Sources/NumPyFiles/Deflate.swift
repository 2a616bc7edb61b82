import CZlib
import Tensors

/// Raw deflate streams and CRC-32 as zip files use them.
enum Deflate {
  /// The bytes of a raw deflate stream that must give exactly `size` of them.
  static func inflate(_ compressed: UnsafeRawBufferPointer, size: Int) throws(NumPyError) -> Buffer {
    // Deflate shrinks at most about 1032 times, so a larger claim is false and asks for memory in vain.
    guard size / 1032 <= compressed.count + 16 else {
      throw NumPyError(reason: "claims to be larger than its compressed data can be")
    }
    var produced: Int?
    let content = Buffer(count: size) { produced = inflate(compressed, into: $0) }
    guard produced == size else { throw NumPyError(reason: "its compressed data is corrupt or cut off") }
    return content
  }

  /// The number of bytes produced by a stream that is valid, ends, and fits the target; otherwise nil.
  private static func inflate(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
    var stream = z_stream()
    // A negative window size means a stream without a zlib header.
    guard czlib_inflate_init(&stream, -MAX_WBITS) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var read = 0
    var written = 0
    while true {
      // zlib counts in 32 bits.
      let input = UnsafeRawBufferPointer(rebasing: source[read...].prefix(1 << 30))
      let output = UnsafeMutableRawBufferPointer(rebasing: target[written...].prefix(1 << 30))
      stream.next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(output.count)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      read += input.count - Int(stream.avail_in)
      written += output.count - Int(stream.avail_out)
      if status == Z_STREAM_END { return read == source.count ? written : nil }
      // Without progress zlib answers Z_BUF_ERROR, which ends the loop here.
      guard status == Z_OK else { return nil }
    }
  }

  /// What the first `count` bytes of a raw deflate stream are, as far as they can be told; zeros where they cannot.
  static func beginning(of source: UnsafeRawBufferPointer, count: Int) -> Buffer {
    Buffer(count: count) { target in
      var stream = z_stream()
      guard czlib_inflate_init(&stream, -MAX_WBITS) == Z_OK else { return }
      defer { inflateEnd(&stream) }
      stream.next_in = UnsafeMutableRawPointer(mutating: source.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      stream.avail_in = UInt32(min(source.count, 1 << 30))
      stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(target.count)
      _ = CZlib.inflate(&stream, Z_SYNC_FLUSH)
    }
  }

  static func crc32(of bytes: UnsafeRawBufferPointer) -> Int {
    Int(crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }
}

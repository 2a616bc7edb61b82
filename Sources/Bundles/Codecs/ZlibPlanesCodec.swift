import Tensors

/// Codec 2: the first bytes of all four-byte words, then the second ones, the third, the fourth, as one zlib stream.
///
/// Bytes of equal weight resemble each other: exponents of float32, high bytes of int32. What is left after the last
/// whole word follows unchanged.
enum ZlibPlanesCodec: SectionCodec {
  static let number: UInt32 = 2
  static let name = "zlib-planes"

  private static let width = 4

  static func suits(elementSize: Int) -> Bool { elementSize == width }

  static func encode(_ raw: UnsafeRawBufferPointer) -> Buffer? {
    let words = raw.count / width
    let planes = Buffer(count: raw.count) { target in
      for plane in 0..<width {
        for word in 0..<words { target[plane * words + word] = raw[word * width + plane] }
      }
      for index in words * width..<raw.count { target[index] = raw[index] }
    }
    // The bytes are only there as long as the buffer is.
    return withExtendedLifetime(planes) { Deflate.compress(planes.bytes) }
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    let words = raw.count / width
    var isWhole = false
    let planes = Buffer(count: raw.count) { isWhole = Deflate.expand(stored, into: $0) }
    guard isWhole else { return false }
    withExtendedLifetime(planes) {
      let source = planes.bytes
      for plane in 0..<width {
        for word in 0..<words { raw[word * width + plane] = source[plane * words + word] }
      }
      for index in words * width..<raw.count { raw[index] = source[index] }
    }
    return true
  }

  static func largestRaw(stored: Int) -> Int { Deflate.largestRaw(stored: stored) }
}

import Deflate
import Tensors

/// Codec 1: one zlib stream (RFC 1950).
enum ZlibCodec: SectionCodec {
  static let number: UInt32 = 1
  static let name = "zlib"

  static func suits(_ section: Section) -> Bool { section.elementSize == 1 }

  static func encode(_ raw: UnsafeRawBufferPointer, tensors _: [StoredTensor], below limit: Int) -> Buffer? {
    Deflate.compress(raw, below: limit)
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    Deflate.expand(stored, into: raw)
  }

  static func largestRaw(stored: Int) -> Int { Deflate.largestRaw(stored: stored) }
}

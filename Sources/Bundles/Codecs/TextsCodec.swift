import Deflate
import Tensors

/// Codec 5: one zlib stream (RFC 1950) that may refer to a text known beforehand, which has what graphs and records
/// are usually made of. Of a small network's bundle it saves a percent or two.
enum TextsCodec: SectionCodec {
  static let number: UInt32 = 5
  static let name = "zlib-texts"

  static func suits(_ section: Section) -> Bool { section.isJSON }

  static func encode(_ raw: UnsafeRawBufferPointer, tensors _: [StoredTensor], below limit: Int) -> Buffer? {
    Deflate.compress(raw, primedBy: TextsDictionary.bytes, below: limit)
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    Deflate.expand(stored, .primed(by: TextsDictionary.bytes), into: raw)
  }

  static func largestRaw(stored: Int) -> Int { Deflate.largestRaw(stored: stored) }
}

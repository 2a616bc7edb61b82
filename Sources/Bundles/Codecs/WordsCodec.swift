import EntropyCoding
import Tensors

/// Codec 4: words of four bytes near one another, multiples of a unit: steps of channels, biases.
enum WordsCodec: SectionCodec {
  static let number: UInt32 = 4
  static let name = "rans-words"

  static func suits(_ section: Section) -> Bool { section.elementSize == 4 }

  static func encode(_ raw: UnsafeRawBufferPointer, tensors: [StoredTensor], below limit: Int) -> Buffer? {
    Words.encode(raw, tensors: tensors.map(\.offset), below: limit)
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    Words.decode(stored, into: raw)
  }

  static func largestRaw(stored: Int) -> Int { Words.largestRaw(stored: stored) }
}

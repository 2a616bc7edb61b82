import Tensors

/// Codec 0: the bytes as they are, which can be mapped.
enum RawCodec: SectionCodec {
  static let number: UInt32 = 0
  static let name = "raw"

  static func suits(_: Section) -> Bool { false }

  static func encode(_: UnsafeRawBufferPointer, tensors _: [StoredTensor], below _: Int) -> Buffer? { nil }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    guard stored.count == raw.count else { return false }
    raw.copyMemory(from: stored)
    return true
  }

  static func largestRaw(stored: Int) -> Int { stored }
}

import EntropyCoding
import Tensors

/// Codec 3: int8 weights by interleaved rANS. Decoding takes a third of zlib's time or less, and the bytes depend on
/// no library.
enum RANSCodec: SectionCodec {
  static let number: UInt32 = 3
  static let name = "rans"

  static func suits(_ section: Section) -> Bool { section == .weights }

  static func encode(_ raw: UnsafeRawBufferPointer, tensors: [StoredTensor], below limit: Int) -> Buffer? {
    var rows = Rows()
    for tensor in tensors {
      // The zeros before it.
      rows.append(bytes: tensor.offset - rows.size)
      let count = max(1, tensor.type.shape.first ?? 1)
      rows.append(count: count, length: tensor.type.byteCount / count)
    }
    rows.append(bytes: raw.count - rows.size)
    return RANS.encode(raw, rows: rows).flatMap { $0.count < limit ? $0 : nil }
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    RANS.decode(stored, into: raw)
  }

  static func largestRaw(stored: Int) -> Int { RANS.largestRaw(stored: stored) }
}

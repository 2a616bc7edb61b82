import Deflate
import Tensors

/// Codec 2: the first bytes of all four-byte words, then the second ones, the third, the fourth, as one zlib stream.
///
/// Bytes of equal weight resemble each other: exponents of float32, high bytes of int32. What is left after the last
/// whole word follows unchanged.
enum ZlibPlanesCodec: SectionCodec {
  static let number: UInt32 = 2
  static let name = "zlib-planes"

  private static let width = 4

  static func suits(_ section: Section) -> Bool { section.elementSize == width }

  static func encode(_ raw: UnsafeRawBufferPointer, tensors _: [StoredTensor], below limit: Int) -> Buffer? {
    let words = raw.count / width
    let planes = Buffer(count: raw.count) { target in
      for plane in 0..<width {
        for word in 0..<words { target[plane * words + word] = raw[word * width + plane] }
      }
      for index in words * width..<raw.count { target[index] = raw[index] }
    }
    return planes.withBytes { Deflate.compress($0, below: limit) }
  }

  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    let words = raw.count / width
    var position = 0
    // A piece at a time: the planes as a whole would need the section's memory once more.
    let isWhole = Deflate.expand(stored, size: raw.count) { piece in
      var piece = piece[...]
      while let first = piece.first {
        let plane = words > 0 ? min(position / words, width) : width
        guard plane < width else {
          raw[position] = first
          position += 1
          piece = piece.dropFirst()
          continue
        }
        let start = position - plane * words
        let run = min(piece.count, words - start)
        for index in 0..<run { raw[(start + index) * width + plane] = piece[piece.startIndex + index] }
        position += run
        piece = piece.dropFirst(run)
      }
    }
    return isWhole
  }

  static func largestRaw(stored: Int) -> Int { Deflate.largestRaw(stored: stored) }
}

import Tensors

/// How the bytes of a section are stored. One file for each conformer, and a line in `Codecs`.
protocol SectionCodec: Sendable {
  /// The number in the table of contents.
  static var number: UInt32 { get }
  static var name: String { get }

  /// Whether compressing with this codec is tried on sections of elements of so many bytes.
  static func suits(elementSize: Int) -> Bool

  /// The stored form, the same for the same bytes; nil when it would not be smaller.
  static func encode(_ raw: UnsafeRawBufferPointer) -> Buffer?

  /// Writes the contents to `raw`. False when `stored` is not the stored form of exactly that many bytes.
  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool

  /// The most raw bytes that `stored` bytes can stand for; a larger claim is refused before memory is reserved for it.
  static func largestRaw(stored: Int) -> Int
}

/// All codecs. Numbers are never used twice; 3 is kept for an entropy coder of weights.
enum Codecs {
  static let all: [any SectionCodec.Type] = [
    RawCodec.self,
    ZlibCodec.self,
    ZlibPlanesCodec.self,
  ]
}

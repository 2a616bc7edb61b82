import Tensors

/// How the bytes of a section are stored. One file for each conformer, and a line in `Codecs`.
protocol SectionCodec: Sendable {
  /// The number in the table of contents.
  static var number: UInt32 { get }
  static var name: String { get }

  /// Whether compressing a section with this codec is tried.
  static func suits(_ section: Section) -> Bool

  /// The stored form, the same for the same contents; nil when it would not be smaller than `limit`, which is the size
  /// of the bytes or of what another codec has made of them.
  ///
  /// - Parameter tensors: those the bytes are, where they are tensors
  static func encode(_ raw: UnsafeRawBufferPointer, tensors: [StoredTensor], below limit: Int) -> Buffer?

  /// Writes the contents to `raw`. False when `stored` is not the stored form of exactly that many bytes.
  static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool

  /// The most raw bytes that `stored` bytes can stand for; a larger claim is refused before memory is reserved for it.
  static func largestRaw(stored: Int) -> Int
}

/// All codecs, in the order in which they are tried. Numbers are never used twice.
enum Codecs {
  static let all: [any SectionCodec.Type] = [
    RawCodec.self,
    RANSCodec.self,
    ZlibCodec.self,
    ZlibPlanesCodec.self,
    WordsCodec.self,
    TextsCodec.self,
  ]
}

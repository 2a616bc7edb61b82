/// Finds the orientation that a file names, as Pillow does: in its EXIF data, or else in its XMP text. Whatever is
/// damaged or missing there, the image is upright.
extension Orientation {
  /// Of a JPEG file: APP1 segments before the first scan.
  static func inJPEG(_ file: UnsafeRawBufferPointer) -> Orientation {
    let exifName = Array("Exif\0\0".utf8)
    let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    var (exif, xmp): ([UInt8], Slice<UnsafeRawBufferPointer>?) = ([], nil)
    var next = 2
    while next + 4 <= file.count, file[next] == 0xFF {
      let marker = file[next + 1]
      // Any number of bytes 0xFF may stand before a marker.
      if marker == 0xFF {
        next += 1
        continue
      }
      let hasNoLength = marker == 0x01 || (0xD0...0xD8).contains(marker)
      if hasNoLength {
        next += 2
        continue
      }
      let end = next + 2 + (Int(file[next + 2]) << 8 | Int(file[next + 3]))
      guard marker != 0xDA, marker != 0xD9, end >= next + 4, end <= file.count else { break }
      let data = file[next + 4..<end]
      if marker == 0xE1, data.starts(with: exifName) { exif += data.dropFirst(exifName.count) }
      if marker == 0xE1, data.starts(with: xmpName) { xmp = data.dropFirst(xmpName.count) }
      next = end
    }
    return named(exif: exif.withUnsafeBytes { ImageFileDirectory.orientation(inEXIF: $0) }, xmp: xmp)
  }

  /// Of a PNG file: the chunk eXIf, before or after the pixels.
  static func inPNG(_ file: UnsafeRawBufferPointer) -> Orientation {
    var exif: Slice<UnsafeRawBufferPointer>?
    var next = 8
    while next + 12 <= file.count {
      let size = Int(UInt32(bigEndian: file.loadUnaligned(fromByteOffset: next, as: UInt32.self)))
      guard size <= file.count - next - 12 else { break }
      let data = file[next + 8..<next + 8 + size]
      if file[next + 4..<next + 8].elementsEqual("eXIf".utf8) { exif = data }
      next += 12 + size
    }
    guard let exif else { return .upright }
    return named(exif: ImageFileDirectory.orientation(inEXIF: UnsafeRawBufferPointer(rebasing: exif)), xmp: nil)
  }

  /// Of a WebP file: its chunks EXIF and XMP.
  static func inWebP(_ file: UnsafeRawBufferPointer) -> Orientation {
    var (exif, xmp): (Slice<UnsafeRawBufferPointer>?, Slice<UnsafeRawBufferPointer>?) = (nil, nil)
    var next = 12
    while next + 8 <= file.count {
      let size = Int(UInt32(littleEndian: file.loadUnaligned(fromByteOffset: next + 4, as: UInt32.self)))
      guard size <= file.count - next - 8 else { break }
      let name = file[next..<next + 4]
      let data = file[next + 8..<next + 8 + size]
      if exif == nil, name.elementsEqual("EXIF".utf8) { exif = data }
      if xmp == nil, name.elementsEqual("XMP ".utf8) { xmp = data }
      next += 8 + size + size % 2
    }
    let value = exif.flatMap { ImageFileDirectory.orientation(inEXIF: UnsafeRawBufferPointer(rebasing: $0)) }
    return named(exif: value, xmp: xmp)
  }

  /// Of a TIFF file: tags of its first page.
  static func inTIFF(_ file: UnsafeRawBufferPointer) -> Orientation {
    guard let directory = ImageFileDirectory(file) else { return .upright }
    return named(exif: directory.orientation, xmp: directory.xmp)
  }

  /// The value of the tag where there is one, even if it has no meaning.
  private static func named(exif: Int?, xmp: Slice<UnsafeRawBufferPointer>?) -> Orientation {
    Orientation(rawValue: exif ?? xmp.flatMap(digit) ?? 1) ?? .upright
  }

  /// The digit after `tiff:Orientation="` or `tiff:Orientation>`.
  private static func digit(inXMP text: Slice<UnsafeRawBufferPointer>) -> Int? {
    let name = Array("tiff:Orientation".utf8)
    var rest = text
    while let start = rest.firstIndex(of: name[0]) {
      rest = rest[start...]
      if rest.starts(with: name) {
        let after = rest.dropFirst(name.count)
        let isAttribute = after.starts(with: "=\"".utf8)
        let isElement = after.first == UInt8(ascii: ">")
        let value = isAttribute ? after.dropFirst(2) : isElement ? after.dropFirst() : after.suffix(0)
        if let character = value.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) {
          return Int(character - UInt8(ascii: "0"))
        }
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}

/// The first directory of a TIFF file, or of the EXIF data in another file, which are laid out alike.
private struct ImageFileDirectory {
  /// The value of the tag Orientation, nil where there is none that is one integer.
  private(set) var orientation: Int?
  /// The bytes of the tag XMP.
  private(set) var xmp: Slice<UnsafeRawBufferPointer>?

  /// The value of the tag in EXIF data, which may begin with a name once or twice.
  static func orientation(inEXIF data: UnsafeRawBufferPointer) -> Int? {
    var rest = data[...]
    for _ in 0..<2 where rest.starts(with: "Exif\0\0".utf8) { rest = rest.dropFirst(6) }
    return ImageFileDirectory(UnsafeRawBufferPointer(rebasing: rest))?.orientation
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 8 else { return nil }
    let isLittle: Bool
    switch (bytes[0], bytes[1]) {
    case (0x49, 0x49): isLittle = true
    case (0x4D, 0x4D): isLittle = false
    default: return nil
    }
    func integer(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count - size else { return nil }
      var value: UInt64 = 0
      for index in 0..<size { value = value << 8 | UInt64(bytes[offset + (isLittle ? size - 1 - index : index)]) }
      return Int(exactly: value)
    }
    // BigTIFF counts in 64 bits.
    let version = integer(2, 2)
    guard version == 42 || version == 43 else { return nil }
    let isBig = version == 43
    let (countSize, wordSize, entrySize) = isBig ? (8, 8, 20) : (2, 4, 12)
    guard let first = integer(isBig ? 8 : 4, wordSize), let count = integer(first, countSize) else { return nil }
    var entry = first + countSize
    for _ in 0..<count {
      guard let tag = integer(entry, 2), let type = integer(entry + 2, 2), let count = integer(entry + 4, wordSize),
        entry <= bytes.count - entrySize
      else { return }
      let value = entry + 4 + wordSize
      switch (tag, type) {
      // SHORT and LONG
      case (274, 3), (274, 4): if orientation == nil, count == 1 { orientation = integer(value, type == 3 ? 2 : 4) }
      // BYTE and UNDEFINED
      case (700, 1), (700, 7):
        let start = count <= wordSize ? value : integer(value, wordSize) ?? bytes.count
        if xmp == nil, start <= bytes.count, count <= bytes.count - start { xmp = bytes[start..<start + count] }
      default: break
      }
      entry += entrySize
    }
  }
}

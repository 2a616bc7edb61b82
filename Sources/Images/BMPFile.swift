/// A Windows bitmap: uncompressed pixels of 8 bits with a palette, or of 24 or 32 bits, rows from the bottom or the
/// top.
struct BMPFile {
  private let bytes: UnsafeRawBufferPointer
  private let width: Int
  private let height: Int
  private let bits: Int
  private let isFromTop: Bool
  /// Where the pixels begin.
  private let start: Int
  /// Red, green and blue of each index; of 8 bits only.
  private let palette: [(UInt8, UInt8, UInt8)]

  /// Reads the header and the palette.
  init(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
    func integer<Integer: FixedWidthInteger>(_ offset: Int, as type: Integer.Type) throws(ImageError) -> Int {
      guard offset <= bytes.count - type.bitWidth / 8 else { throw Self.corrupt("the file ends early") }
      return Int(Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type)))
    }
    self.bytes = bytes
    let headerSize = try integer(14, as: UInt32.self)
    // BITMAPCOREHEADER; BITMAPINFOHEADER and those that begin like it.
    guard [12, 40, 52, 56, 64, 108, 124].contains(headerSize) else {
      throw Self.corrupt("a header of \(headerSize) bytes")
    }
    let isCore = headerSize == 12
    width = try isCore ? integer(18, as: UInt16.self) : integer(18, as: Int32.self)
    let rows = try isCore ? integer(20, as: UInt16.self) : integer(22, as: Int32.self)
    (height, isFromTop) = (abs(rows), rows < 0)
    bits = try integer(isCore ? 24 : 28, as: UInt16.self)
    let compression = try isCore ? 0 : integer(30, as: UInt32.self)
    guard width > 0, height > 0 else { throw Self.corrupt("it has no pixels") }
    guard [8, 24, 32].contains(bits) else {
      throw .unsupported(format: "BMP", reason: "\(bits) bits for a pixel; save the image with 24")
    }
    guard Image.mayHave(width: width, height: height) else { throw .tooLarge(width: width, height: height) }
    var paletteStart = 14 + headerSize
    switch compression {
    case 0: break
    case 3 where bits == 32:
      // Masks of the colours: in the header, or after one that has no room for them.
      let masks = (try integer(54, as: UInt32.self), try integer(58, as: UInt32.self), try integer(62, as: UInt32.self))
      guard masks == (0xFF_0000, 0xFF00, 0xFF) else {
        throw .unsupported(format: "BMP", reason: "colours in an unusual order; save the image with 24 bits")
      }
      if headerSize == 40 { paletteStart += 12 }
    default: throw .unsupported(format: "BMP", reason: "compressed; save the image as PNG")
    }
    let stored = try integer(10, as: UInt32.self)
    guard bits == 8 else {
      palette = []
      start = stored == 0 ? paletteStart : stored
      return
    }
    let named = try isCore ? 0 : integer(46, as: UInt32.self)
    let count = named == 0 ? 256 : named
    guard count <= 256 else { throw Self.corrupt("a palette of \(count) colours") }
    let entry = isCore ? 3 : 4
    start = stored == 0 ? paletteStart + entry * count : stored
    guard paletteStart + entry * count <= bytes.count else { throw Self.corrupt("the file ends early") }
    palette = (0..<count).map { index in
      let first = paletteStart + entry * index
      return (bytes[first + 2], bytes[first + 1], bytes[first])
    }
  }

  private static func corrupt(_ reason: String) -> ImageError { .corrupt(format: "BMP", reason: reason) }

  /// Gray where the palette is the grays in order, as Pillow takes it.
  private var isGray: Bool {
    bits == 8 && palette.enumerated().allSatisfy { Int($1.0) == $0 && Int($1.1) == $0 && Int($1.2) == $0 }
  }

  func image() throws(ImageError) -> Image {
    // Rows are filled up to a multiple of 4 bytes.
    let stride = (width * bits + 31) / 32 * 4
    guard start <= bytes.count, stride * height <= bytes.count - start else {
      throw .cannotHold(format: "BMP", width: width, height: height, bytes: bytes.count)
    }
    let isGray = isGray
    let channels = isGray ? 1 : 3
    var isInPalette = true
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, count in
      var next = 0
      for y in 0..<height {
        let row = bytes[(start + stride * (isFromTop ? y : height - 1 - y))...].prefix(stride)
        if bits == 8 {
          for index in row.prefix(width) {
            guard Int(index) < palette.count else {
              isInPalette = false
              return
            }
            if isGray {
              target[next] = index
            } else {
              (target[next], target[next + 1], target[next + 2]) = palette[Int(index)]
            }
            next += channels
          }
        } else {
          for x in 0..<width {
            // Blue comes first.
            let first = row.startIndex + x * (bits / 8)
            target[next] = bytes[first + 2]
            target[next + 1] = bytes[first + 1]
            target[next + 2] = bytes[first]
            next += 3
          }
        }
      }
      count = next
    }
    guard isInPalette else { throw Self.corrupt("a colour that is not in its palette") }
    return Image(width, height, channels, pixels)
  }
}

/// An image of 8 bits per channel: rows from the top, channels interleaved.
package struct Image: Sendable, Equatable {
  /// What an image may have at most, decoded or resized, so that a small file cannot ask for the whole memory.
  package static let pixelLimit = 64 << 20

  package let width: Int
  package let height: Int
  /// 1 for gray, 3 for red, green, blue.
  package let channels: Int
  /// `height * width * channels` bytes.
  package let pixels: [UInt8]
  /// How the picture lies in the pixels. What is made of them, resized or gray, lies alike.
  package let orientation: Orientation

  /// Nil unless the sizes are positive, there are 1 or 3 channels, and as many bytes as these ask for.
  package init?(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    guard width > 0, height > 0, channels == 1 || channels == 3, width <= Self.pixelLimit, height <= Self.pixelLimit,
      pixels.count == width * height * channels
    else { return nil }
    self.init(width, height, channels, pixels)
  }

  /// Whether a file's sizes keep to `pixelLimit`.
  static func mayHave(width: Int, height: Int) -> Bool {
    width <= pixelLimit && height <= pixelLimit && width * height <= pixelLimit
  }

  /// For sizes that are right by construction.
  init(_ width: Int, _ height: Int, _ channels: Int, _ pixels: [UInt8], orientation: Orientation = .upright) {
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
    self.orientation = orientation
  }

  /// Three channels: gray is repeated.
  package func rgb() -> Image {
    guard channels == 1 else { return self }
    let triples = [UInt8](unsafeUninitializedCapacity: 3 * pixels.count) { target, count in
      for (index, value) in pixels.enumerated() {
        target[3 * index] = value
        target[3 * index + 1] = value
        target[3 * index + 2] = value
      }
      count = 3 * pixels.count
    }
    return Image(width, height, 3, triples, orientation: orientation)
  }

  /// One channel: luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, in the 16-bit fixed point of Pillow.
  package func gray() -> Image {
    guard channels == 3 else { return self }
    let lumas = [UInt8](unsafeUninitializedCapacity: width * height) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for index in 0..<width * height {
          target[index] = Image.luma(source[3 * index], source[3 * index + 1], source[3 * index + 2])
        }
      }
      count = width * height
    }
    return Image(width, height, 1, lumas, orientation: orientation)
  }

  static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let (red, green, blue) = (Int(red), Int(green), Int(blue))
    let luma = 19595 * red + 38470 * green + 7471 * blue
    return UInt8((luma + 0x8000) >> 16)
  }
}

/// How a picture lies in its pixels: the values of the EXIF tag Orientation, named by the sides of the picture that the
/// first stored row and the first stored column are.
package enum Orientation: Int, Sendable {
  case upright = 1
  case topRight, bottomRight, bottomLeft
  case leftTop, rightTop, rightBottom, leftBottom

  /// Whether rows are stored as columns.
  var isTransposed: Bool { rawValue >= Orientation.leftTop.rawValue }
}

extension Image {
  /// The picture as its orientation says: what Pillow's `ImageOps.exif_transpose` gives.
  package func upright() -> Image {
    guard orientation != .upright else { return self }
    let isTransposed = orientation.isTransposed
    let (newWidth, newHeight) = isTransposed ? (height, width) : (width, height)
    // Of the stored columns and rows.
    let (isFromRight, isFromBottom) =
      switch orientation {
      case .upright, .leftTop: (false, false)
      case .topRight, .leftBottom: (true, false)
      case .bottomRight, .rightBottom: (true, true)
      case .bottomLeft, .rightTop: (false, true)
      }
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      pixels.withUnsafeBufferPointer { source in
        var next = 0
        for y in 0..<newHeight {
          for x in 0..<newWidth {
            let (column, row) = isTransposed ? (y, x) : (x, y)
            let storedRow = isFromBottom ? height - 1 - row : row
            let storedColumn = isFromRight ? width - 1 - column : column
            let first = (storedRow * width + storedColumn) * channels
            for channel in 0..<channels { target[next + channel] = source[first + channel] }
            next += channels
          }
        }
      }
      count = pixels.count
    }
    return Image(newWidth, newHeight, channels, turned)
  }
}

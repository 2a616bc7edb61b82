/// Why there is no image.
package enum ImageError: Error, Equatable {
  /// Neither JPEG nor PNG.
  case unknownFormat
  /// Damaged or cut off.
  case corrupt(format: String, reason: String)
  /// Sound perhaps, but not of a kind that is decoded.
  case unsupported(format: String, reason: String)
  /// More pixels than `Image.pixelLimit`, in a file or after resizing.
  case tooLarge(width: Int, height: Int)
  case outOfMemory
}

extension ImageError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownFormat: "is neither a JPEG nor a PNG image"
    case .corrupt(let format, let reason): "is a damaged \(format) image: \(reason)"
    case .unsupported(let format, let reason): "is a \(format) image of an unsupported kind: \(reason)"
    case .tooLarge(let width, let height):
      "is too large: \(width) x \(height) pixels where \(Image.pixelLimit) are the limit"
    case .outOfMemory: "needs more memory than there is"
    }
  }
}

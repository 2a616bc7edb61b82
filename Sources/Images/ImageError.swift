/// Why there is no image.
package enum ImageError: Error, Equatable {
  /// No format of images that is known.
  case unknownFormat
  /// A format that is known, but not decoded.
  case notRead(format: String)
  /// Damaged or cut off.
  case corrupt(format: String, reason: String)
  /// Sound perhaps, but not of a kind that is decoded.
  case unsupported(format: String, reason: String)
  /// The library that decodes the format is not there.
  case noLibrary(format: String, reason: String)
  /// More pixels than `Image.pixelLimit`, in a file or after resizing.
  case tooLarge(width: Int, height: Int)
  case outOfMemory

  /// A size that a file of so many bytes cannot have.
  static func cannotHold(format: String, width: Int, height: Int, bytes: Int) -> ImageError {
    .corrupt(format: format, reason: "\(width) x \(height) pixels are more than \(bytes) bytes can hold")
  }
}

extension ImageError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownFormat: "is not an image of a format that is read: JPEG, PNG, WebP, TIFF or BMP"
    case .notRead(let format): "is \(article(format)) \(format) image, which is not read: convert it to JPEG or PNG"
    case .corrupt(let format, let reason): "is a damaged \(format) image: \(reason)"
    case .unsupported(let format, let reason): "is a \(format) image of an unsupported kind: \(reason)"
    case .noLibrary(let format, let reason): "is a \(format) image and needs \(reason)"
    case .tooLarge(let width, let height):
      "is too large: \(width) x \(height) pixels where \(Image.pixelLimit) are the limit"
    case .outOfMemory: "needs more memory than there is"
    }
  }

  private func article(_ name: String) -> String { name.hasPrefix("A") ? "an" : "a" }
}

import NumPyFiles
import Tensors
import Testing

@testable import Images

/// Files beside the tests: images, and what Pillow and numpy make of them.
enum Goldens {
  static func path(_ name: String) -> String {
    String(#filePath.prefix(through: #filePath.lastIndex(of: "/") ?? #filePath.startIndex)) + "Goldens/" + name
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    let file = try MappedFile(path: path(name))
    return file.withBytes(Array.init)
  }

  static func arrays(_ name: String) throws -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: try NumPyFile.read(path: path(name)).map { ($0.name, $0.tensor) })
  }

  /// An array of height x width (x channels) bytes as an image.
  static func image(_ tensor: Tensor) throws -> Image {
    let channels = tensor.shape.count == 3 ? tensor.shape[2] : 1
    return try #require(
      Image(width: tensor.shape[1], height: tensor.shape[0], channels: channels, pixels: tensor.elements()))
  }
}

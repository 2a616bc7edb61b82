package import Images
package import Tensors

/// One input for a model: an image file, or one tensor of a file of tensors.
package struct Sample: Sendable, Hashable {
  /// How the path is shown: relative to the folder that was given.
  package let name: String
  package let path: String
  /// The position in a file that holds several tensors; 0 for images.
  package let index: Int
  /// The class, where the data are labelled; of a set of labels the first.
  package let label: Int?
  /// The row of the table that describes the samples.
  package let row: Int?
  /// Where in a tar the file lies; nil of a file of its own.
  package let place: TarPlace?

  package init(
    name: String, path: String, index: Int = 0, label: Int? = nil, row: Int? = nil, place: TarPlace? = nil
  ) {
    self.name = name
    self.path = path
    self.index = index
    self.label = label
    self.row = row
    self.place = place
  }

  /// The bytes of the file it is in.
  package func contents() throws(Refusal) -> [UInt8] {
    if let place { return try place.contents() }
    return try MappedFile.contents(of: path)
  }

  /// The image, decoded.
  package func image() throws(Refusal) -> Image {
    let bytes = try contents()
    do throws(ImageError) {
      return try Image(decoding: bytes)
    } catch {
      throw Refusal(file: path, reason: error.description)
    }
  }
}

/// The kinds of files samples come from.
package enum SampleFormat: Sendable {
  case image, numpy, tensorProto

  private static let endings: [String: SampleFormat] = [
    "npy": .numpy, "npz": .numpy, "pb": .tensorProto,
  ]

  /// The endings, as messages name them.
  static let imageEndings = ".jpg, .png, .webp, .tif, .bmp"
  static let tensorEndings = ".npy, .npz, .pb"

  /// The format a file's name tells, or nil.
  package init?(path: String) {
    let ending = FileTree.fileExtension(path)
    guard let format = Image.fileExtensions.contains(ending) ? .image : SampleFormat.endings[ending] else { return nil }
    self = format
  }
}

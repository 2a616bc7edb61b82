/// One input for a model: an image file, or one tensor of a file of tensors.
package struct Sample: Sendable, Hashable {
  /// How the path is shown: relative to the folder that was given.
  package let name: String
  package let path: String
  /// The position in a file that holds several tensors; 0 for images.
  package let index: Int
  /// The class, where the data are labelled.
  package let label: Int?

  package init(name: String, path: String, index: Int = 0, label: Int? = nil) {
    self.name = name
    self.path = path
    self.index = index
    self.label = label
  }
}

/// The kinds of files samples come from.
package enum SampleFormat: Sendable {
  case image, numpy, tensorProto

  /// The format a file's name tells, or nil.
  package init?(path: String) {
    switch FileTree.fileExtension(path) {
    case "jpg", "jpeg", "png": self = .image
    case "npy", "npz": self = .numpy
    case "pb": self = .tensorProto
    default: return nil
    }
  }
}

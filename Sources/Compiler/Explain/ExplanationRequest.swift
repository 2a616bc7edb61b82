package import Explanations
import Platform
package import Tensors

/// What `dermc run --explain` is asked for.
package struct ExplanationRequest: Sendable {
  package enum Format: Sendable { case png, jpeg, npy }

  /// A file, or a folder where there are several samples.
  package let path: String
  package let method: ExplanationMethod
  /// The class to explain, by name or number; nil for the one decided for.
  package let className: String?

  /// - Throws: unless the path names a picture, an array or a folder
  package init(path: String, method: ExplanationMethod, className: String?) throws(Refusal) {
    self.path = path
    self.method = method
    self.className = className
    guard !path.isEmpty, isFolder || format != nil else {
      throw .usage("--explain \(path): expected a name that ends in .png, .jpg or .npy, or a folder that ends in /")
    }
  }

  /// Whether the path is that of a folder, which is made where it is not there.
  package var isFolder: Bool { path.hasSuffix("/") }

  /// What a file of the path's ending holds.
  var format: Format? {
    switch path.split(separator: ".").last.map({ $0.lowercased() }) {
    case "png": .png
    case "jpg", "jpeg": .jpeg
    case "npy": .npy
    default: nil
    }
  }

  /// The file for a sample of so many: the path itself, which as an array takes all, or one in the folder that is named
  /// after the sample.
  func file(_ name: String, samples: Int) throws(Refusal) -> String {
    guard isFolder else {
      guard samples == 1 || format == .npy else {
        throw .usage("--explain \(path): there are \(samples) samples: give a folder, which ends in /, or a .npy file")
      }
      return path
    }
    // Subfolders become part of the name: no folder has to be made, and no name leads out of this one.
    return path + name.split(separator: "/").filter { $0 != "." && $0 != ".." }.joined(separator: "_") + ".png"
  }

  /// Makes the folder, where that is what is asked for.
  func makeFolder() throws(Refusal) {
    guard isFolder, FileName.withPath(path, { mkdir($0, 0o777) }) != 0, errno != EEXIST else { return }
    throw Refusal(.unreadable, file: path, reason: "cannot be made: \(String(cString: strerror(errno)))")
  }
}

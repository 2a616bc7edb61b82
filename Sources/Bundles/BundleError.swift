package import Tensors

/// Why a bundle could not be read or written.
package enum BundleError: Error, Sendable, CustomStringConvertible {
  /// The file could not be opened, read or written.
  case file(FileError)
  /// Bytes differ from those that were written: a hash, a size or zero padding does not hold.
  case damaged(path: String, String)
  /// The file is whole, but not of a format or version that is read here.
  case unsupported(path: String, String)
  /// The hashes hold, but the contents contradict themselves or the format; or a bundle cannot be stored.
  case malformed(path: String, String)
  /// Nobody who is trusted has signed it.
  case untrusted(path: String, String)

  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .damaged(let path, let what), .unsupported(let path, let what), .malformed(let path, let what),
      .untrusted(let path, let what):
      "\(path): \(what)"
    }
  }
}

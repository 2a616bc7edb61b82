package import Tensors

/// Why a key could not be read or made, or nothing be signed or checked.
package enum SigningError: Error, Sendable, CustomStringConvertible {
  /// A key file could not be opened, read or written.
  case file(FileError)
  /// A file does not hold the key that was asked for.
  case malformedKey(path: String, String)
  /// libsodium cannot be loaded.
  case noLibrary

  package var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .malformedKey(let path, let what): "\(path): \(what)"
    case .noLibrary: "signatures need libsodium, which cannot be loaded: install it (Debian: libsodium23)"
    }
  }
}

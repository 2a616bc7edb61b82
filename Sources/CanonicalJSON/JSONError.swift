/// Why JSON could not be read or written.
package enum JSONError: Error, Equatable {
  /// The text is not JSON; `offset` is the byte where that shows.
  case syntax(String, offset: Int)
  /// The text is JSON, but the value at `path` is not what the reader needs.
  case unexpected(String, path: String)
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .syntax(let what, let offset): "invalid JSON at byte \(offset): \(what)"
    case .unexpected(let what, let path): "\(path): \(what)"
    }
  }
}

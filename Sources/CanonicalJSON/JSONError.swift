/// Why JSON could not be read or written.
package enum JSONError: Error, Equatable {
  /// The text is not JSON; `offset` is the byte where that shows.
  case syntax(String, offset: Int)
  /// The values before the byte `offset` take more memory than they may.
  case tooLarge(memory: Int, offset: Int)
  /// The text is JSON, but the value at `path` is not what the reader needs.
  case unexpected(String, path: String)
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .syntax(let what, let offset): "invalid JSON at byte \(offset): \(what)"
    case .tooLarge(let memory, let offset):
      "too large: what stands before byte \(offset) takes more memory than the limit of \(memory) bytes"
    case .unexpected(let what, let path): "\(path): \(what)"
    }
  }
}

/// Writes files whole or not at all: aside first, then renamed into place.
package enum OutputFile {
  /// Replaces the file at `path` with pieces one after the other. After an error nothing of the attempt is left.
  package static func write(_ pieces: [UnsafeRawBufferPointer], to path: String) throws(Refusal) {
    try StagedFile(pieces, for: path).commit()
  }

  /// Replaces it with `bytes`.
  package static func write(_ bytes: [UInt8], to path: String) throws(Refusal) {
    try StagedFile(bytes, for: path).commit()
  }

  package static func write(_ text: String, to path: String) throws(Refusal) {
    try write(Array(text.utf8), to: path)
  }

  /// Finds out before any work is done whether a file could be written; leaves nothing behind.
  package static func check(_ path: String) throws(Refusal) {
    // What is missing can be made; a name that is too long, say, cannot.
    if let status = try FileStatus.of(path) {
      switch status.kind {
      case .file: break
      case .folder: throw Refusal(.unreadable, file: path, reason: "cannot be written: it is a folder")
      case .other: throw Refusal(.unreadable, file: path, reason: "cannot be written: it is not a regular file")
      }
    }
    _ = try StagedFile([UInt8](), for: path)
  }
}

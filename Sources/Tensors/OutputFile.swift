import Glibc

/// Writes files whole or not at all: aside first, then renamed into place.
package enum OutputFile {
  /// Replaces the file at `path` with `bytes`. After an error nothing of the attempt is left.
  package static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(FileError) {
    try write([bytes], to: path)
  }

  /// Replaces the file at `path` with several pieces one after the other.
  package static func write(_ pieces: [UnsafeRawBufferPointer], to path: String) throws(FileError) {
    try StagedFile(pieces, for: path).commit()
  }

  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    try StagedFile(bytes, for: path).commit()
  }

  package static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }

  /// Finds out before any work is done whether a file could be written; leaves nothing behind.
  package static func check(_ path: String) throws(FileError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw FileError(path: path, reason: "cannot be written: it is a folder")
    }
    _ = try StagedFile([UInt8](), for: path)
  }
}

/// A file written aside, which takes its place when it is committed and is removed when it is not.
package final class StagedFile: Sendable {
  package let path: String
  /// Where the bytes are until then: in the same folder, so that renaming is one step.
  package let aside: String

  /// Writes pieces one after the other.
  package init(_ pieces: [UnsafeRawBufferPointer], for path: String) throws(FileError) {
    self.path = path
    aside = "\(path).\(getpid()).partial"
    if let failure = StagedFile.write(pieces, to: aside) { throw FileError(path: path, cannotBeWritten: failure) }
  }

  package init(_ bytes: [UInt8], for path: String) throws(FileError) {
    self.path = path
    aside = "\(path).\(getpid()).partial"
    let failure = bytes.withUnsafeBytes { [aside] raw in StagedFile.write([raw], to: aside) }
    if let failure { throw FileError(path: path, cannotBeWritten: failure) }
  }

  // After committing there is nothing left to remove.
  deinit { unlink(aside) }

  /// Puts the file in its place.
  package func commit() throws(FileError) {
    guard rename(aside, path) == 0 else { throw FileError(path: path, cannotBeWritten: errno) }
  }

  /// Nil, or the number of the error that stopped the writing; then nothing is left.
  private static func write(_ pieces: [UnsafeRawBufferPointer], to aside: String) -> Int32? {
    let descriptor = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return errno }
    var failure: Int32?
    for piece in pieces where failure == nil { failure = write(all: piece, to: descriptor) }
    if close(descriptor) != 0, failure == nil { failure = errno }
    if failure != nil { unlink(aside) }
    return failure
  }

  private static func write(all bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var offset = 0
    while offset < bytes.count {
      let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      offset += written
    }
    return nil
  }
}

extension FileError {
  fileprivate init(path: String, cannotBeWritten code: Int32) {
    self.init(path: path, reason: "cannot be written: \(String(cString: strerror(code)))")
  }
}

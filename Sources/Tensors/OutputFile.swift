import Glibc

/// Writes files whole or not at all: aside first, then renamed into place.
package enum OutputFile {
  /// Replaces the file at `path` with `bytes`. After an error nothing of the attempt is left.
  package static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(FileError) {
    try write([bytes], to: path)
  }

  /// Replaces the file at `path` with several pieces one after the other.
  package static func write(_ pieces: [UnsafeRawBufferPointer], to path: String) throws(FileError) {
    let aside = "\(path).\(getpid()).partial"
    let descriptor = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw FileError(path: path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    var failure: Int32 = 0
    for piece in pieces where failure == 0 { failure = write(all: piece, to: descriptor) }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    if failure == 0, rename(aside, path) != 0 { failure = errno }
    if failure != 0 {
      unlink(aside)
      throw FileError(path: path, reason: "cannot be written: \(String(cString: strerror(failure)))")
    }
  }

  /// Zero, or the number of the error that stopped the writing.
  private static func write(all bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      offset += written
    }
    return 0
  }

  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    // Typed errors do not pass through withUnsafeBytes, so they are carried out as a value.
    let failure = bytes.withUnsafeBytes { raw -> FileError? in
      do throws(FileError) { try write(raw, to: path) } catch { return error }
      return nil
    }
    if let failure { throw failure }
  }

  package static func write(_ text: String, to path: String) throws(FileError) {
    try write(Array(text.utf8), to: path)
  }
}

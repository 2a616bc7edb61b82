import Glibc

/// Why a file could not be read or written.
package struct FileError: Error, CustomStringConvertible {
  package let path: String
  package let reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  package init(path: String, errno code: Int32) {
    self.init(path: path, reason: String(cString: strerror(code)))
  }

  package var description: String { "\(path): \(reason)" }
}

/// A file mapped read-only into memory.
package final class MappedFile: Sendable {
  package let path: String
  package let count: Int
  nonisolated(unsafe) private let base: UnsafeRawPointer?

  package init(path: String) throws(FileError) {
    // A pipe nobody writes to must not hold the program up before it is refused.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(path: path, errno: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, reason: "is not a regular file") }
    let size = Int(status.st_size)
    var mapping: UnsafeMutableRawPointer?
    if size > 0 {
      mapping = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard mapping != MAP_FAILED else { throw FileError(path: path, errno: errno) }
    }
    self.path = path
    count = size
    base = UnsafeRawPointer(mapping)
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// A whole file as an array, for small ones.
  package static func contents(of path: String) throws(FileError) -> [UInt8] {
    let file = try MappedFile(path: path)
    return withExtendedLifetime(file) { Array(file.bytes) }
  }

  /// The contents; valid as long as the file object lives: keep it alive (`withExtendedLifetime`) while they are used.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Tells the kernel that pages read so far may leave memory: they come back from the file when touched again.
  package func releasePages() { releasePages(of: 0..<count) }

  /// The same for the pages a range of the file lies in.
  package func releasePages(of range: Range<Int>) {
    guard let base else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = max(0, range.lowerBound) / page * page
    let end = min(count, range.upperBound)
    guard start < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
  }
}

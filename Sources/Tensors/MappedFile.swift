import CProcess
import Platform

/// A regular file that is open for reading.
private struct OpenFile: ~Copyable {
  let path: String
  let descriptor: Int32
  let status: stat

  var size: Int { Int(status.st_size) }

  init(_ path: String) throws(Refusal) {
    // A pipe nobody writes to must not hold the program up before it is refused.
    let descriptor = FileName.withPath(path) { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw Refusal(file: path, errno: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Refusal(.unreadable, file: path, reason: "is not a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    self.status = status
  }

  deinit { close(descriptor) }

  func contents() throws(Refusal) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { target, filled in
      while filled < target.count {
        let count = read(descriptor, target.baseAddress.map { $0 + filled }, target.count - filled)
        if count < 0, errno == EINTR { continue }
        if count < 0 { failure = errno }
        if count <= 0 { return }
        filled += count
      }
    }
    guard failure == 0 else { throw Refusal(file: path, errno: failure) }
    var (before, after) = (status, stat())
    guard fstat(descriptor, &after) == 0, bytes.count == size, cp_differs(&before, &after) == 0 else {
      throw Refusal(changed: path)
    }
    return bytes
  }
}

/// A file mapped read-only into memory.
///
/// Whoever writes to the file changes the bytes, and one that shrinks ends the process where it is touched (SIGBUS; a
/// command line tool says so, see `ToolProcess`). A new file renamed over it changes nothing: the mapping keeps the old
/// one. `checkUnchanged` tells the first from the second.
package final class MappedFile: MemoryOwner {
  package let path: String
  package let count: Int
  nonisolated(unsafe) private let base: UnsafeRawPointer?
  nonisolated(unsafe) private let record: OpaquePointer

  package init(path: String) throws(Refusal) {
    let file = try OpenFile(path)
    let size = file.size
    var mapping: UnsafeMutableRawPointer?
    if size > 0 {
      mapping = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
      guard mapping != MAP_FAILED else { throw Refusal(file: path, errno: errno) }
    }
    var status = file.status
    let record = FileName.withPath(path) { cp_mapping_add(mapping, size, $0, &status) }
    guard let record else {
      if let mapping { munmap(mapping, size) }
      throw Refusal(file: path, errno: ENOMEM)
    }
    self.path = path
    self.record = record
    count = size
    base = UnsafeRawPointer(mapping)
  }

  deinit {
    cp_mapping_remove(record)
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// Files that are read into memory as a whole are not larger than this.
  package static let contentsLimit = 1 << 30

  /// A whole file as an array, for small ones: a copy nobody can change.
  package static func contents(of path: String) throws(Refusal) -> [UInt8] {
    let file = try OpenFile(path)
    guard file.size <= contentsLimit else {
      throw Refusal(
        .unreadable, file: path, reason: "has \(file.size) bytes, at most \(contentsLimit) are read of such a file")
    }
    return try file.contents()
  }

  /// Refuses where somebody wrote to the file since it was mapped.
  package func checkUnchanged() throws(Refusal) {
    if cp_mapping_changed(record) != 0 { throw Refusal(changed: path) }
  }

  package var unmanagedBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// One byte of the contents.
  package subscript(position: Int) -> UInt8 {
    guard let base, 0..<count ~= position else { preconditionFailure("byte \(position) is outside of \(path)") }
    return base.load(fromByteOffset: position, as: UInt8.self)
  }

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

extension Refusal {
  /// A file the system does not open, read or write.
  package init(file: String, errno code: Int32) {
    self.init(.unreadable, file: file, reason: String(cString: strerror(code)))
  }

  /// A file that somebody wrote to while it was read.
  package init(changed file: String) {
    self.init(.unreadable, file: file, reason: "changed while it was read")
  }
}

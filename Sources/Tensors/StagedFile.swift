import CProcess
import Platform
import Synchronization

/// A file written aside, which takes its place when it is committed and is removed when it is not.
///
/// Aside is `.dermc-PROCESS-NUMBER.partial` in the same folder, so that renaming is one step, whatever the length of
/// the name. Only the process that made such a file removes it; one that was killed outright leaves it.
package final class StagedFile: Sendable {
  package let path: String
  /// Where the bytes are until then.
  package let aside: String
  private let isAside = Atomic<Bool>(true)

  /// Writes pieces one after the other, down to the disk.
  package init(_ pieces: [UnsafeRawBufferPointer], for path: String) throws(Refusal) {
    self.path = path
    aside = try StagedFile.write(pieces, for: path)
  }

  package init(_ bytes: [UInt8], for path: String) throws(Refusal) {
    self.path = path
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(Refusal) in try StagedFile.write([raw], for: path) }
    }
    aside = try result.get()
  }

  deinit {
    if isAside.load(ordering: .relaxed) { StagedFile.discard(aside) }
  }

  /// Puts the file in its place.
  package func commit() throws(Refusal) { try StagedFile.commit([self]) }

  /// Puts files in their places in this order, all of them or none: after an error the files that were there before are
  /// there again.
  ///
  /// A signal that ends the process comes before or after. A process killed outright (SIGKILL, a power failure) may
  /// leave the first of the files in place without the last, each of them whole. In a command line tool, inputs that
  /// changed are an error here (`ToolProcess.checkInputs`).
  package static func commit(_ files: [StagedFile]) throws(Refusal) {
    try ToolProcess.checkInputs()
    var signals = sigset_t()
    cp_hold_signals(&signals)
    defer { cp_release_signals(&signals) }
    var replaced: [(file: StagedFile, previous: String?)] = []
    do throws(Refusal) {
      for file in files {
        // One file alone needs no way back: renaming it happens or does not.
        let previous = files.count > 1 ? try keep(file.path) : nil
        replaced.append((file, previous))
        try file.takePlace()
      }
    } catch {
      for (file, previous) in replaced.reversed() {
        if let previous {
          _ = rename(previous, file.path)
          // Where both are names of one file, renaming leaves both.
          _ = FileName.withPath(previous) { unlink($0) }
        } else if !file.isAside.load(ordering: .relaxed) {
          _ = FileName.withPath(file.path) { unlink($0) }
        }
      }
      throw error
    }
    for case let previous? in replaced.map(\.previous) { _ = FileName.withPath(previous) { unlink($0) } }
    for folder in Set(files.map { StagedFile.folder(of: $0.path) }) { try sync(folder) }
  }

  private func takePlace() throws(Refusal) {
    let failure = StagedFile.rename(aside, path)
    guard failure == 0 else { throw Refusal(file: path, cannotBeWritten: failure) }
    isAside.store(false, ordering: .relaxed)
    FileName.withPath(aside) { cp_unstage($0) }
  }

  /// A second name for the file at `path`, from where it can be put back; nil where there is none.
  private static func keep(_ path: String) throws(Refusal) -> String? {
    guard let status = try FileStatus.of(path) else { return nil }
    guard status.kind == .file else {
      throw Refusal(.unreadable, file: path, reason: "cannot be written: it is not a regular file")
    }
    var (name, failure) = ("", EEXIST)
    for _ in 0..<attempts where failure == EEXIST {
      name = sibling(of: path, "previous")
      failure = FileName.withPath(path) { path in FileName.withPath(name) { link(path, $0) == 0 ? 0 : errno } }
    }
    // Not every file system has second names, and not every file may get one.
    if failure != 0 { failure = rename(path, name) }
    guard failure == 0 else { throw Refusal(file: path, cannotBeWritten: failure) }
    return name
  }

  // MARK: Writing

  /// Names to try: others may have taken some, processes of the same number in other containers, say.
  private static let attempts = 100
  private static let counter = Atomic<Int>(0)

  /// A name in the folder of `path` nobody else would think of.
  private static func sibling(of path: String, _ ending: String) -> String {
    let number = counter.wrappingAdd(1, ordering: .relaxed).oldValue
    return "\(folder(of: path))/.dermc-\(getpid())-\(number).\(ending)"
  }

  /// The folder a file is in: `.` for a name alone, empty for the root's.
  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return String(path[..<slash])
  }

  /// Writes the pieces aside and returns where that is; after an error nothing is left.
  private static func write(_ pieces: [UnsafeRawBufferPointer], for path: String) throws(Refusal) -> String {
    var (aside, descriptor, failure) = ("", Int32(-1), EEXIST)
    for _ in 0..<attempts where descriptor < 0 && failure == EEXIST {
      aside = sibling(of: path, "partial")
      (descriptor, failure) = FileName.withPath(aside) { (cp_stage($0), errno) }
    }
    guard descriptor >= 0 else { throw Refusal(file: path, cannotBeWritten: failure) }
    var problem: Int32 = 0
    for piece in pieces where problem == 0 { problem = write(all: piece, to: descriptor) }
    // A name in a folder must not be on the disk before what it names.
    if problem == 0, !pieces.allSatisfy(\.isEmpty), fsync(descriptor) != 0, !isUnsupported(errno) { problem = errno }
    if close(descriptor) != 0, problem == 0, errno != EINTR { problem = errno }
    guard problem == 0 else {
      discard(aside)
      throw Refusal(file: path, cannotBeWritten: problem)
    }
    return aside
  }

  private static func write(all bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var offset = 0
    while offset < bytes.count {
      let written = Platform.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      offset += written
    }
    return 0
  }

  private static func discard(_ aside: String) {
    FileName.withPath(aside) { aside in
      unlink(aside)
      cp_unstage(aside)
    }
  }

  /// Zero or the number of the error.
  private static func rename(_ old: String, _ new: String) -> Int32 {
    FileName.withPath(old) { old in FileName.withPath(new) { Platform.rename(old, $0) == 0 ? 0 : errno } }
  }

  /// Makes names in a folder last; where folders cannot be opened or synchronized, that is left to the system.
  private static func sync(_ folder: String) throws(Refusal) {
    let descriptor = FileName.withPath(folder + "/") { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if fsync(descriptor) != 0, !isUnsupported(errno) { throw Refusal(file: folder, cannotBeWritten: errno) }
  }

  private static func isUnsupported(_ code: Int32) -> Bool { [EINVAL, ENOTSUP, ENOSYS, EROFS, EINTR].contains(code) }
}

extension Refusal {
  fileprivate init(file: String, cannotBeWritten code: Int32) {
    self.init(.unreadable, file: file, reason: "cannot be written: \(String(cString: strerror(code)))")
  }
}

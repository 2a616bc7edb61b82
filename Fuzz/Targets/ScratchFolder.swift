import DataSets
import Platform
import Tensors

/// Where readers of files find their input: a folder of this process, in memory where the system has such a place.
enum ScratchFolder {
  static let path: String = {
    let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/dermc-fuzz-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    guard let path = made else { fatalError("no folder for files can be made in \(base)") }
    atexit { ScratchFolder.remove() }
    return path
  }()

  private static func remove() {
    for name in (try? FileTree.names(in: path)) ?? [] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Puts bytes into a file of the folder; returns its path.
  static func put(_ bytes: [UInt8], _ name: String) -> String {
    let file = "\(path)/\(name)"
    // Readers may still have the old one mapped, so it is not written over.
    unlink(file)
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
      fatalError("\(file) cannot be written")
    }
    close(descriptor)
    return file
  }
}

/// The files of a folder whose names end so, in order.
package func contents(of folder: String, ending: String) throws -> [[UInt8]] {
  guard FileTree.kind(of: folder) == .folder else { return [] }
  return try FileTree.names(in: folder).filter { $0.hasSuffix(ending) }
    .map { try MappedFile.contents(of: "\(folder)/\($0)") }
}

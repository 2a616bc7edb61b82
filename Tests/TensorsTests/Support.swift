import Platform
import Tensors
import Testing

/// A new folder that is removed when nothing holds it any more.
final class Folder: Sendable {
  let path: String

  init() throws {
    var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir)/tensors-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap(mkdtemp).map { String(cString: $0) } }
    path = try #require(made)
  }

  deinit {
    for name in names { _ = FileName.withPath("\(path)/\(name)") { remove($0) } }
    rmdir(path)
  }

  static func / (folder: Folder, name: String) -> String { "\(folder.path)/\(name)" }

  /// The names in the folder, hidden ones included.
  var names: [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { FileName.string($0.prefix { $0 != 0 }) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  func text(_ name: String) throws -> String {
    String(decoding: try MappedFile.contents(of: self / name), as: UTF8.self)
  }
}

/// Writes to a file in place, as no program should to a file that others read.
func overwrite(_ path: String, with text: String, at offset: Int = 0, size: Int? = nil) throws {
  let descriptor = open(path, O_WRONLY)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  if let size { ftruncate(descriptor, size) }
  // The clock that file systems stamp with may stand still for some milliseconds.
  usleep(20_000)
  _ = pwrite(descriptor, text, text.utf8.count, offset)
}

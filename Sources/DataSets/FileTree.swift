import Glibc
package import Tensors

/// Listing of folders, sorted by name so that it is the same on every machine.
package enum FileTree {
  package enum Kind: Sendable { case file, folder, missing, other }

  package static func kind(of path: String) -> Kind {
    var status = stat()
    guard stat(path, &status) == 0 else { return .missing }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .other
    }
  }

  /// Names in a folder, hidden ones left out, in order of their bytes.
  package static func names(in folder: String) throws(FileError) -> [String] {
    guard let stream = opendir(folder) else { throw FileError(path: folder, errno: errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // Read where it lies: an entry is only as long as its name, not as the declared array.
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
      let name = String(cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Paths, relative to `folder`, of all files below it; links to folders are followed up to a depth of 16.
  package static func files(below folder: String) throws(FileError) -> [String] {
    var found: [String] = []
    try collect(folder, prefix: "", depth: 0, into: &found)
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func collect(
    _ folder: String, prefix: String, depth: Int, into found: inout [String]
  ) throws(FileError) {
    guard depth < 16 else { return }
    for name in try names(in: folder) {
      let path = "\(folder)/\(name)"
      switch kind(of: path) {
      case .file: found.append(prefix + name)
      case .folder: try collect(path, prefix: "\(prefix)\(name)/", depth: depth + 1, into: &found)
      case .missing, .other: break
      }
    }
  }

  /// The part of a file's name after its last dot, in lower case.
  package static func fileExtension(_ path: String) -> String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}

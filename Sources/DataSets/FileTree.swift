import Platform
package import Tensors

/// Listing of folders, sorted by name so that it is the same on every machine.
package enum FileTree {
  package enum Kind: Sendable { case file, folder, missing, other }

  package static func kind(of path: String) -> Kind {
    switch (try? FileStatus.of(path))?.kind {
    case .file: .file
    case .folder: .folder
    case .other: .other
    case nil: .missing
    }
  }

  /// Names in a folder, hidden ones left out, in order of their bytes.
  package static func names(in folder: String) throws(Refusal) -> [String] {
    let (opened, failure) = FileName.withPath(folder) { (opendir($0), errno) }
    guard let stream = opened else { throw Refusal(file: folder, errno: failure) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // Read where it lies: an entry is only as long as its name, not as the declared array.
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
      let name = FileName.string((UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
      if name.utf8.first != UInt8(ascii: ".") { names.append(name) }
    }
    return inOrder(names)
  }

  /// Paths, relative to `folder`, of all files below it; links to folders are followed up to a depth of 16.
  package static func files(below folder: String) throws(Refusal) -> [String] {
    var found: [String] = []
    try collect(folder, prefix: "", depth: 0, into: &found)
    return inOrder(found)
  }

  /// Names in the order of the bytes they have on disk.
  static func inOrder(_ names: [String]) -> [String] {
    names.map { (name: $0, bytes: FileName.bytes($0)) }
      .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.name)
  }

  private static func collect(
    _ folder: String, prefix: String, depth: Int, into found: inout [String]
  ) throws(Refusal) {
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
    // By bytes: a mark that combines with a dot or slash before it does not make that another byte on disk.
    let bytes = FileName.bytes(path)
    let name = bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return "" }
    return FileName.string(name[(dot + 1)...]).lowercased()
  }

  /// A file's name without its folders.
  package static func fileName(_ path: String) -> String {
    let bytes = FileName.bytes(path)
    return FileName.string(bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...])
  }

  /// A file's name without its folders and ending.
  package static func stem(_ path: String) -> String {
    let bytes = FileName.bytes(path)
    let name = bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return FileName.string(name) }
    return FileName.string(name[..<dot])
  }
}

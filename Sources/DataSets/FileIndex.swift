import Tensors

/// The samples below a folder, to be found by what tables call them.
struct FileIndex {
  private let folder: String
  /// Paths relative to the folder.
  let files: [String]
  private var positions: [String: Int] = [:]
  /// Files by their name without folders and ending, and by their path without ending.
  private var byStem: [String: [Int]] = [:]
  private var byPath: [String: [Int]] = [:]

  init(folder: String, files: [String]) {
    self.folder = folder
    self.files = files
    for (index, file) in files.enumerated() {
      positions[file] = index
      let stem = FileTree.stem(file)
      byStem[stem, default: []].append(index)
      guard file.utf8.contains(UInt8(ascii: "/")) else { continue }
      let folders = file.split(separator: "/").dropLast().joined(separator: "/")
      byPath["\(folders)/\(stem)", default: []].append(index)
    }
  }

  /// The path, relative to the folder, of the file a table means; nil where there is none.
  ///
  /// `id` is the path itself, or the end of one, with or without the file's ending. Case does not matter in the ending.
  func find(_ id: String) throws(Refusal) -> String? {
    if let index = positions[id] { return files[index] }
    let parts = id.split(separator: "/")
    guard let last = parts.last.map(String.init) else { return nil }
    if let found = byPath[id], found.count == 1 { return files[found[0]] }
    var found = byStem[last] ?? []
    let ending = FileTree.fileExtension(last)
    if !ending.isEmpty {
      found += (byStem[FileTree.stem(last)] ?? []).filter { FileTree.fileExtension(files[$0]) == ending }
    }
    if parts.count > 1 {
      found = found.filter { files[$0].split(separator: "/").dropLast().suffix(parts.count - 1) == parts.dropLast() }
    }
    if let first = found.first, let other = found.first(where: { $0 != first }) {
      throw Refusal("\(DataTable.shown(id)) may be \(files[first]) or \(files[other])")
    }
    if let first = found.first { return files[first] }
    // Hidden files are not in the index, and may be named all the same.
    return FileTree.kind(of: "\(folder)/\(id)") == .file ? id : nil
  }
}

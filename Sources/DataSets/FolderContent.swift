import Tensors

/// All files below a data folder, by what they are.
struct FolderContent {
  let path: String
  /// Files that are samples, relative to the folder.
  let inputs: [String]
  /// Tables in the folder itself.
  let tables: [String]
  private let others: [String]
  /// Samples by the folder of the data folder they lie in, told by the bytes of its name.
  private let byFolder: [[UInt8]: [String]]

  init(_ path: String) throws(Refusal) {
    self.path = path
    let files = try FolderContent.list { () throws(Refusal) in try FileTree.files(below: path) }
    inputs = files.filter(FolderContent.isInput)
    byFolder = Dictionary(grouping: inputs) { FolderContent.folder($0) }
    others = files.filter { !FolderContent.isInput($0) }
    tables = others.filter { !$0.contains("/") && ["csv", "tsv"].contains(FileTree.fileExtension($0)) }
      .map { "\(path)/\($0)" }
  }

  /// What a list of files names, one a line: below the list's own folder, or, where all begin with a slash, anywhere.
  ///
  /// Samples are in the list's order. Whether files are there is found out when they are read.
  init(list: String) throws(Refusal) {
    var lines: [String] = []
    var seen: Set<[UInt8]> = []
    let text = try MappedFile.contents(of: list)
    for (index, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard !bytes.isEmpty else { continue }
      let name = FileName.string(bytes)
      guard SampleFormat(path: name) != nil else {
        throw Refusal(
          file: list,
          reason: "line \(index + 1): \(DataTable.shown(name)) is not an image (\(SampleFormat.imageEndings)) or "
            + "tensor file (\(SampleFormat.tensorEndings))")
      }
      guard seen.insert(Array(bytes)).inserted else {
        throw Refusal(file: list, reason: "line \(index + 1): names \(DataTable.shown(name)) again")
      }
      lines.append(name)
    }
    let rooted = lines.count { $0.hasPrefix("/") }
    guard rooted == 0 || rooted == lines.count else {
      throw Refusal(file: list, reason: "has paths that begin with / and others: give all of them from one place on")
    }
    path = rooted > 0 ? "" : FolderContent.folder(holding: list)
    inputs = rooted > 0 ? lines.map { String($0.dropFirst()) } : lines
    (others, tables, byFolder) = ([], [], [:])
  }

  /// What a table names that is the data itself: files below its folder, which is not searched.
  init(table: String) {
    path = FolderContent.folder(holding: table)
    tables = [table]
    (inputs, others, byFolder) = ([], [], [:])
  }

  private static func folder(holding path: String) -> String {
    let bytes = FileName.bytes(path)
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return FileName.string(bytes[..<slash])
  }

  /// Whether a file is a list of others, or a table of them.
  static func isList(_ path: String) -> Bool { ["txt", "lst"].contains(FileTree.fileExtension(path)) }
  static func isTable(_ path: String) -> Bool { ["csv", "tsv"].contains(FileTree.fileExtension(path)) }

  /// Samples below one of the folders in the data folder.
  func inputs(in folder: String) -> [String] { byFolder[FileName.bytes(folder)] ?? [] }

  /// Samples in the data folder itself, which are below no class.
  var inputsOutsideFolders: [String] { byFolder[[]] ?? [] }

  private static func folder(_ file: String) -> [UInt8] {
    let bytes = FileName.bytes(file)
    return bytes.firstIndex(of: UInt8(ascii: "/")).map { Array(bytes[..<$0]) } ?? []
  }

  /// Samples to be found by what tables call them.
  var index: FileIndex { FileIndex(folder: path, files: inputs) }

  /// Files that nobody reads.
  ///
  /// - Parameters:
  ///   - read: files that are read all the same, relative to the folder
  ///   - strays: files that could be samples, and that nothing gives a class
  func unread(except read: Set<String> = [], and strays: [String] = []) -> [UnreadFiles] {
    UnreadFiles.counted((others + strays).lazy.filter { !read.contains($0) })
  }

  /// What to add where there is nothing to read.
  func remark() -> String {
    UnreadFiles.sentence(unread(), in: path).map { "; \($0)" } ?? ""
  }

  /// Whether a table is labels.csv.
  static func isLabelsFile(_ path: String) -> Bool { path.split(separator: "/").last == "labels.csv" }

  /// Whether a file of a folder is an input. Test data of public ONNX models have outputs beside the inputs.
  private static func isInput(_ file: String) -> Bool {
    guard let format = SampleFormat(path: file) else { return false }
    let name = file.split(separator: "/").last ?? ""
    return !(format == .tensorProto && name.hasPrefix("output_"))
  }

  static func list(_ body: () throws(Refusal) -> [String]) throws(Refusal) -> [String] {
    return try body()
  }
}

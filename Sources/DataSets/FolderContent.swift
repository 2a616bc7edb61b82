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

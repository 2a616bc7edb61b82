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
  /// The tars samples lie in; nil where they are files of their own.
  let shards: TarShards?

  init(_ path: String) throws(Refusal) {
    self.path = path
    let files = try FolderContent.list { () throws(Refusal) in try FileTree.files(below: path) }
    let found = files.filter(FolderContent.isInput)
    // Beside images a tar is a copy of them, or something else.
    let tars = found.isEmpty ? files.filter(TarShards.isShard) : []
    let shards = tars.isEmpty ? nil : try TarShards(tars, in: path)
    self.shards = shards
    inputs = shards?.inputs ?? found
    byFolder = FolderContent.grouped(inputs, shards)
    others =
      files.filter { !FolderContent.isInput($0) && (shards == nil || !TarShards.isShard($0)) }
      + (shards?.others ?? [])
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
      guard SampleFormat(path: name) != nil || TarShards.isShard(name) else {
        throw Refusal(
          file: list,
          reason: "line \(index + 1): \(DataTable.shown(name)) is not an image (\(SampleFormat.imageEndings)), "
            + "tensor file (\(SampleFormat.tensorEndings)) or .tar")
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
    if rooted > 0 { lines = lines.map { String($0.dropFirst()) } }
    let tars = lines.filter(TarShards.isShard)
    let shards = tars.isEmpty ? nil : try TarShards(tars, in: path)
    self.shards = shards
    inputs = shards.map { shards in lines.flatMap { TarShards.isShard($0) ? shards.inputs(of: $0) : [$0] } } ?? lines
    (others, tables, byFolder) = (shards?.others ?? [], [], [:])
  }

  /// What a table names that is the data itself: files below its folder, which is not searched.
  init(table: String) {
    path = FolderContent.folder(holding: table)
    tables = [table]
    (inputs, others, byFolder, shards) = ([], [], [:], nil)
  }

  /// A tar, or those a name with numbers in braces stands for; nil for what names none.
  init?(shards path: String) throws(Refusal) {
    guard let names = try TarShards.names(path) else { return nil }
    self.path = FolderContent.folder(holding: path)
    let shards = try TarShards(names, in: self.path)
    self.shards = shards
    inputs = shards.inputs
    byFolder = FolderContent.grouped(inputs, shards)
    (others, tables) = (shards.others, [])
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

  private static func grouped(_ inputs: [String], _ shards: TarShards?) -> [[UInt8]: [String]] {
    guard let shards else { return Dictionary(grouping: inputs) { folder($0) } }
    return Dictionary(grouping: inputs) { shards.folder(of: $0).map { Array($0) } ?? [] }
  }

  /// A sample of the folder.
  func sample(_ file: String, label: Int? = nil, row: Int? = nil) -> Sample {
    Sample(name: file, path: "\(path)/\(file)", label: label, row: row, place: shards?.places[file])
  }

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
  static func isInput(_ file: String) -> Bool {
    guard let format = SampleFormat(path: file) else { return false }
    let name = file.split(separator: "/").last ?? ""
    return !(format == .tensorProto && name.hasPrefix("output_"))
  }

  static func list(_ body: () throws(Refusal) -> [String]) throws(Refusal) -> [String] {
    return try body()
  }
}

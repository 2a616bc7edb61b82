package import Tensors

/// Where a file lies in a tar.
package struct TarPlace: Sendable, Hashable {
  let archive: TarArchive
  let member: TarArchive.Member

  package func contents() throws(Refusal) -> [UInt8] { try archive.contents(of: member) }
}

/// Some tars (shards of WebDataset) as a folder: each stands for a folder of its own name with what is in it.
struct TarShards {
  /// Files in tars, as `shard-000.tar/key.jpg`, by what they are called.
  private(set) var places: [String: TarPlace] = [:]
  /// Files in tars that are neither samples nor classes of some.
  private(set) var others: [String] = []
  /// The folders at the top of the tars, in order; those the tars lie in, where some do not lie in the folder itself.
  private(set) var folders: [String]?
  /// Samples by the name of their tar.
  private var byShard: [String: [String]] = [:]
  /// What files of classes (`key.cls`) say, by their names without that ending.
  private var classes: [String: TarPlace] = [:]

  /// More in one pair of braces is a slip of the keyboard.
  private static let mostInBraces = 100_000

  /// - Parameters:
  ///   - names: of tars, relative to the folder
  init(_ names: [String], in folder: String) throws(Refusal) {
    var tops: Set<[UInt8]> = []
    for name in names {
      let archive = try TarArchive(path: "\(folder)/\(name)")
      for member in archive.members { add(TarPlace(archive: archive, member: member), name) }
      tops.formUnion(archive.folders.map { FileName.bytes($0) })
    }
    if names.allSatisfy({ !$0.contains("/") }) { folders = FileTree.inOrder(tops.map { FileName.string($0) }) }
  }

  private mutating func add(_ place: TarPlace, _ shard: String) {
    let name = "\(shard)/\(place.member.name)"
    if FileTree.fileExtension(name) == "cls" {
      classes[FileName.string(FileName.bytes(name).dropLast(".cls".utf8.count))] = place
    } else if FolderContent.isInput(name), SampleFormat(path: name) != .tensorProto {
      places[name] = place
      byShard[shard, default: []].append(name)
    } else {
      others.append(name)
    }
  }

  static func isShard(_ path: String) -> Bool { FileTree.fileExtension(path) == "tar" }

  /// Samples of a tar, in the order of the bytes of their names.
  func inputs(of shard: String) -> [String] { byShard[shard] ?? [] }

  /// All samples, in the order of the bytes of their names.
  var inputs: [String] {
    // Those of a tar are in order, and all of them begin with its name and a slash.
    FileTree.inOrder(byShard.keys.map { "\($0)/" })
      .flatMap { inputs(of: FileName.string(FileName.bytes($0).dropLast())) }
  }

  /// The folder that tells the class of a sample: one in its tar, or one that tars lie in; nil where there is none.
  func folder(of file: String) -> ArraySlice<UInt8>? {
    guard let place = places[file] else { preconditionFailure("\(file) is in none of the tars") }
    let name = FileName.bytes(folders == nil ? file : place.member.name)
    guard let slash = name.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    // Beside folders of tars a tar that lies in none has no class.
    if folders == nil, TarShards.isShard(FileName.string(name[..<slash])) { return nil }
    return name[..<slash]
  }

  // MARK: Classes

  var hasClasses: Bool { !classes.isEmpty }

  /// What the files of classes say, as a table of samples; nil where there are none.
  ///
  /// A sample's is the one of its own name, or of the name up to its first dot, which is what WebDataset goes by.
  func labels(_ folder: String) throws(Refusal) -> DataTable? {
    guard hasClasses else { return nil }
    var rows: [(file: String, label: String)] = []
    var told: Set<String> = []
    for file in inputs {
      let keys = TarShards.keys(of: file)
      guard let key = keys.first(where: { classes[$0] != nil }), let place = classes[key] else {
        throw Refusal(
          file: "\(folder)/\(file)", reason: "has no class beside it, as others have (\(keys[0]).cls)",
          remedy: "say all classes in a table with --table")
      }
      told.insert(key)
      rows.append((file, try TarShards.label(place)))
    }
    for (key, place) in classes.sorted(by: { $0.key < $1.key }) where !told.contains(key) {
      rows.append((key, try TarShards.label(place)))
    }
    let place = byShard.count == 1 ? byShard.keys.map { "\(folder)/\($0)" }[0] : folder
    return DataTable(path: "\(place) (.cls)", rows: rows)
  }

  private static func keys(of file: String) -> [String] {
    let bytes = FileName.bytes(file)
    let begin = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    let last = bytes.lastIndex(of: UInt8(ascii: ".")) ?? bytes.count
    let first = bytes[begin...].firstIndex(of: UInt8(ascii: ".")) ?? bytes.count
    return [FileName.string(bytes[..<last]), FileName.string(bytes[..<first])]
  }

  /// The one line of a file of a class.
  private static func label(_ place: TarPlace) throws(Refusal) -> String {
    func refuse(_ reason: String) -> Refusal {
      Refusal(file: "\(place.archive.path)/\(place.member.name)", reason: reason)
    }
    guard place.member.count <= 4096, let text = String(validating: try place.contents(), as: UTF8.self) else {
      throw refuse("is not the name or number of a class")
    }
    let label = text.split(whereSeparator: \.isNewline)
    guard label.count == 1 else { throw refuse("has \(label.count) lines, expected the name or number of a class") }
    return String(label[0])
  }

  // MARK: Names with braces

  /// The tars a path names: itself, or, as `shard-{000..099}.tar`, one for each number; nil for what names none.
  static func names(_ path: String) throws(Refusal) -> [String]? {
    let name = FileTree.fileName(path)
    guard isShard(name) else { return nil }
    guard FileTree.kind(of: path) == .missing, let open = name.firstIndex(of: "{"),
      let close = name[open...].firstIndex(of: "}")
    else { return FileTree.kind(of: path) == .file ? [name] : nil }
    let ends = name[name.index(after: open)..<close].split(separator: ".", omittingEmptySubsequences: false)
    guard ends.count == 3, ends[1].isEmpty, let first = number(ends[0]), let last = number(ends[2]), first <= last,
      last - first < mostInBraces
    else {
      throw Refusal(file: path, reason: "expected two rising numbers in braces, as shard-{000..099}.tar")
    }
    // As many digits as are given, where they begin with zero.
    let width = ends[0].utf8.first == UInt8(ascii: "0") ? ends[0].utf8.count : 0
    return (first...last).map { number in
      let digits = "\(number)"
      let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
      return name[..<open] + zeros + digits + name[name.index(after: close)...]
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) && text.utf8.count < 18
      ? Int(text) : nil
  }
}

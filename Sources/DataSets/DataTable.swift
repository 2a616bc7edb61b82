import Tensors

/// A table with a row for each sample: its header, understood.
struct DataTable {
  /// Where the class of a row stands.
  enum Labels {
    case column(Int)
    /// A column for each class, with 1 for the row's and 0 for the others.
    case oneHot([Int])
  }

  let path: String
  let bytes: [UInt8]
  let header: [String]
  /// The column that names a row's file.
  let image: Int

  /// Reads the header.
  ///
  /// - Throws: where no column names files; the error lists those there are
  init(path: String, options: TableOptions) throws(Refusal) {
    self.path = path
    bytes = try MappedFile.contents(of: path)
    var reader = CSVReader(bytes)
    header = try DataTable.next(&reader, path) ? reader.fields : []
    if let name = options.imageColumn {
      image = try DataTable.column(name, "--image-column", header, path)
    } else if let column = DataTable.first(of: ColumnNames.image, in: header) {
      image = column
    } else {
      throw Refusal(
        file: path,
        reason: "no column names files, such as file and label do files and classes; it has "
          + "\(DataTable.list(header)): say which with --image-column and --label-column")
    }
  }

  /// A table of what is found elsewhere, with the columns file and label.
  init(path: String, rows: [(file: String, label: String)]) {
    self.path = path
    header = ["file", "label"]
    image = 0
    let mark = UInt8(ascii: "\"")
    func quoted(_ field: String) -> [UInt8] {
      [mark] + FileName.bytes(field).flatMap { $0 == mark ? [mark, mark] : [$0] } + [mark]
    }
    bytes = rows.reduce(into: Array("file,label\n".utf8)) { bytes, row in
      bytes += quoted(row.file) + [UInt8(ascii: ",")] + quoted(row.label) + [UInt8(ascii: "\n")]
    }
  }

  /// Where the class of a row stands; nil where no column tells.
  ///
  /// - Parameter classes: the model's, where they are known
  func labels(_ classes: [String]?, options: TableOptions) throws(Refusal) -> Labels? {
    if let name = options.labelColumn { return .column(try column(name, "--label-column")) }
    let columns = header.map { $0.lowercased() }
    if let classes, classes.count > 1 {
      let own = classes.compactMap { name in columns.firstIndex(of: name.lowercased()) }
      if own.count == classes.count { return .oneHot(try binaryColumns()) }
    }
    if let column = DataTable.first(of: ColumnNames.label, in: header) { return .column(column) }
    let found = try binaryColumns()
    return found.count > 1 ? .oneHot(found) : nil
  }

  /// Columns of nothing but 0 and 1 that may be classes.
  private func binaryColumns() throws(Refusal) -> [Int] {
    var isBinary = header.map { !ColumnNames.weights.contains(ColumnNames.normalized($0)) }
    isBinary[image] = false
    var hasRows = false
    var reader = try rows()
    while try DataTable.next(&reader, path) {
      hasRows = true
      for column in isBinary.indices where isBinary[column] {
        if DataTable.bit(reader.field(column)) == nil { isBinary[column] = false }
      }
    }
    return hasRows ? isBinary.indices.filter { isBinary[$0] } : []
  }

  /// A column the user asked for.
  func column(_ name: String, _ option: String) throws(Refusal) -> Int {
    try DataTable.column(name, option, header, path)
  }

  /// The column that tells whose image a row is; nil where none does.
  func group(_ options: TableOptions) throws(Refusal) -> Int? {
    if let name = options.groupColumn { return try column(name, "--group") }
    return DataTable.first(of: ColumnNames.group, in: header)
  }

  /// The columns an input of the model is made of; nil where the table has none.
  func columns(for input: ModelInputs.Input, options: TableOptions) throws(Refusal) -> [Int]? {
    if let names = options.inputColumns[input.name] {
      guard names.count == input.type.count else {
        throw Refusal.usage(
          "--columns \(input.name): has \(names.count) columns, the input is \(input.type)")
      }
      var columns: [Int] = []
      for name in names { columns.append(try column(name, "--columns")) }
      return columns
    }
    guard input.type.count == 1 else { return nil }
    return DataTable.first(of: [ColumnNames.normalized(input.name)], in: header).map { [$0] }
  }

  /// A reader that is past the header.
  func rows() throws(Refusal) -> CSVReader {
    var reader = CSVReader(bytes)
    _ = try DataTable.next(&reader, path)
    return reader
  }

  /// Reads on, with the table's name in errors.
  static func next(_ reader: inout CSVReader, _ path: String) throws(Refusal) -> Bool {
    do throws(Refusal) { return try reader.next() } catch { throw Refusal("\(path), \(error)") }
  }

  private static func column(
    _ name: String, _ option: String, _ header: [String], _ path: String
  ) throws(Refusal) -> Int {
    if let index = header.firstIndex(of: name) ?? first(of: [ColumnNames.normalized(name)], in: header) { return index }
    throw Refusal.usage("\(option) \(shown(name)): \(path) has the columns \(list(header))")
  }

  private static func first(of names: [String], in header: [String]) -> Int? {
    let columns = header.map(ColumnNames.normalized)
    return names.lazy.compactMap { columns.firstIndex(of: $0) }.first
  }

  // MARK: Fields

  /// What a field of a column of ones and zeros holds; nil for anything else.
  static func bit(_ field: ArraySlice<UInt8>) -> Bool? {
    guard let first = field.first, first == 0x30 || first == 0x31 else { return nil }
    let rest = field.dropFirst()
    guard rest.isEmpty || rest.first == UInt8(ascii: ".") && rest.dropFirst().allSatisfy({ $0 == 0x30 }) else {
      return nil
    }
    return first == 0x31
  }

  /// A finite number in decimal digits.
  static func number(_ text: String) -> Double? {
    guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") || $0 | 0x20 == UInt8(ascii: "n") }),
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }

  /// Columns as a message may show them.
  static func list(_ header: [String]) -> String {
    guard !header.isEmpty else { return "no columns" }
    return header.prefix(20).map(shown).joined(separator: ", ") + (header.count > 20 ? ", ..." : "")
  }

  /// A field as a message may show it.
  static func shown(_ field: String) -> String {
    let isPlain = field.utf8.count <= 128 && !field.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    return isPlain ? field : "\(String(field.unicodeScalars.prefix(64)).debugDescription)..."
  }
}

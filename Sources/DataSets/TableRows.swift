import Hashing
import Tensors

/// What a table says of the files in a folder, row by row.
struct TableRows {
  struct Row {
    /// The file, relative to the folder.
    let file: String
    /// Its classes, rising; empty where labels are not read.
    let labels: [Int]
  }

  private(set) var rows: [Row] = []
  private(set) var classes: [String] = []
  private(set) var notes: [String] = []
  private(set) var missing: MissingFiles
  /// Rows that name a file another row names.
  private(set) var repeated = 0
  private let table: DataTable
  private var group: (column: Int, values: [String])?
  private var subgroups: [(column: Int, values: [String])] = []
  private var numbers: [Int: (columns: [Int], values: [[Float]])] = [:]

  /// - Parameters:
  ///   - labels: reads the classes; nil where they are told otherwise or not at all
  ///   - inputs: those of the model: what is not the main one may come from columns
  init(
    _ table: DataTable, labels: LabelReader?, in index: FileIndex, inputs: ModelInputs, options: TableOptions
  ) throws(Refusal) {
    self.table = table
    missing = MissingFiles(table: table.path)
    if let column = try table.group(options) { group = (column, []) }
    for name in options.subgroupColumns { subgroups.append((try table.column(name, "--subgroups"), [])) }
    for (position, input) in inputs.all.enumerated() where position != inputs.main {
      guard let columns = try table.columns(for: input, options: options) else { continue }
      numbers[position] = (columns, [])
    }

    var reader = try table.rows()
    if var labels {
      while try DataTable.next(&reader, table.path) {
        try check(reader, labels.column)
        try add(reader, try labels.labels(reader), index)
      }
      classes = labels.names
      notes = labels.notes
    } else {
      while try DataTable.next(&reader, table.path) {
        try check(reader, nil)
        try add(reader, [], index)
      }
    }
    note(index)
  }

  private mutating func add(_ record: CSVReader, _ labels: [Int], _ index: FileIndex) throws(Refusal) {
    let id = record[table.image]
    let values = try inputValues(record)
    missing.total += 1
    guard let file = try file(id, record, index) else {
      missing.add(id)
      return
    }
    rows.append(Row(file: file, labels: labels))
    for (position, row) in values { numbers[position]?.values.append(row) }
    if let column = group?.column { group?.values.append(record[column]) }
    for place in subgroups.indices { subgroups[place].values.append(record[subgroups[place].column]) }
  }

  /// Refuses a row that is too short, or that names a file elsewhere.
  private func check(_ record: CSVReader, _ labelColumn: Int?) throws(Refusal) {
    guard max(table.image, labelColumn ?? 0) < record.count else {
      throw error(record, "has \(record.count) columns, the header \(table.header.count)")
    }
    let id = record[table.image]
    guard !id.hasPrefix("/"), !id.split(separator: "/").contains("..") else {
      throw error(record, "\(DataTable.shown(id)) is outside the folder")
    }
  }

  private func file(_ id: String, _ record: CSVReader, _ index: FileIndex) throws(Refusal) -> String? {
    do throws(Refusal) { return try index.find(id) } catch { throw self.error(record, "\(error)") }
  }

  /// What the row gives inputs that come from columns.
  private func inputValues(_ record: CSVReader) throws(Refusal) -> [(input: Int, values: [Float])] {
    var values: [(Int, [Float])] = []
    for (position, input) in numbers {
      var row: [Float] = []
      for column in input.columns {
        let text = record[column]
        guard let number = DataTable.number(text), Float(number).isFinite else {
          throw error(
            record, "column \(DataTable.shown(table.header[column])) is \(quoted(text)), expected a number")
        }
        row.append(Float(number))
      }
      values.append((position, row))
    }
    return values
  }

  private func error(_ record: CSVReader, _ reason: String) -> Refusal {
    Refusal("\(table.path), line \(record.line): \(reason)")
  }

  private func quoted(_ text: String) -> String { text.isEmpty ? "empty" : DataTable.shown(text) }

  private mutating func note(_ index: FileIndex) {
    let named = Set(rows.map(\.file))
    repeated = rows.count - named.count
    let others = index.files.count { !named.contains($0) }
    if others > 0, !rows.isEmpty {
      notes.append("\(table.path): does not name \(others) of the \(index.files.count) files that could be samples")
    }
  }

  /// The groups of files; nil where the table has none of them.
  func groups(of files: [String]) -> GroupColumn? {
    guard let group, !rows.isEmpty else { return nil }
    var names: [String: String] = [:]
    for (row, name) in zip(rows, group.values) { names[row.file] = name }
    return GroupColumn(column: table.header[group.column], names: files.map { names[$0] ?? "" })
  }

  /// Adds to samples what columns say of them: each sample knows its row.
  func describe(_ set: inout SampleSet) throws(Refusal) {
    set.table = table.path
    set.tableHash = SHA256(of: table.bytes)
    set.notes += notes
    func column(_ values: [String]) -> [String] { set.samples.map { $0.row.map { values[$0] } ?? "" } }
    if let group {
      set.groups = GroupColumn(column: table.header[group.column], names: column(group.values))
    }
    for subgroup in subgroups {
      set.subgroups.append(try AttributeColumn(column: table.header[subgroup.column], values: column(subgroup.values)))
    }
    set.numbers = numbers.mapValues(\.values)
  }
}

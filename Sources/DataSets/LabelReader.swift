import Tensors

/// How many labels a sample has: the model's task tells.
package enum LabelKind: Sendable {
  /// Each sample is of one class.
  case oneClass
  /// A sample has any number of labels.
  case labelSets
}

/// Reads the classes of a table's rows.
///
/// A label is a class name or a class's number; several stand in one field, divided by | or ;, or each in a column of
/// ones and zeros.
struct LabelReader {
  /// More classes than any classifier has; a larger number is no label.
  private static let labelLimit = 1 << 16

  private let table: DataTable
  private let source: DataTable.Labels
  private let kind: LabelKind
  private var classes: ClassNames
  /// Whether the names of classes are known beforehand.
  private let isGiven: Bool
  /// The class of each column of ones and zeros; nil for one that is no class of the model.
  private var columnClasses: [(column: Int, index: Int?)] = []
  /// The class of rows that no column marks: the only one without a column.
  private var rest: Int?
  private var hasRest = false
  private var highest = -1

  init(
    _ table: DataTable, _ source: DataTable.Labels, kind: LabelKind, classes: [String]?
  ) throws(Refusal) {
    self.table = table
    self.source = source
    self.kind = kind
    isGiven = classes != nil
    switch source {
    case .column(let column):
      let names: [String]
      if let classes { names = classes } else { names = try LabelReader.names(in: column, of: table) }
      self.classes = ClassNames(names)
    case .oneHot(let columns):
      let names: [String]
      if let classes { names = classes } else { names = try LabelReader.names(of: columns, in: table) }
      self.classes = ClassNames(names)
      try bind(columns)
    }
  }

  /// The column of labels; nil where there is one for each class.
  var column: Int? {
    guard case .column(let column) = source else { return nil }
    return column
  }

  /// The names of classes, once all rows are read.
  var names: [String] {
    var classes = classes
    classes.extend(to: highest + 1)
    return classes.names
  }

  /// What was decided on the way, once all rows are read.
  var notes: [String] {
    var notes = [classes.note].compactMap(\.self)
    switch source {
    case .column(let column):
      let others = table.header.indices.filter {
        $0 != column && ColumnNames.label.contains(ColumnNames.normalized(table.header[$0]))
      }
      if !others.isEmpty {
        notes.append(
          "\(table.path): labels are column \(DataTable.shown(table.header[column])), not "
            + "\(others.map { DataTable.shown(table.header[$0]) }.joined(separator: ", ")) (--label-column)")
      }
    case .oneHot:
      if !isGiven {
        notes.append("\(table.path): classes are in the order of its columns: \(DataTable.list(classes.names))")
      }
      let strangers = columnClasses.filter { $0.index == nil }
      if !strangers.isEmpty {
        notes.append(
          "\(table.path): \(DataTable.list(strangers.map { table.header[$0.column] })) of its columns are no classes of "
            + "the model")
      }
      if hasRest, let rest {
        notes.append("\(table.path): rows without a mark are \(DataTable.shown(classes.names[rest]))")
      }
    }
    return notes
  }

  /// The classes of the reader's record, rising. Of one class exactly where that is asked for.
  mutating func labels(_ record: CSVReader) throws(Refusal) -> [Int] {
    var labels: [Int]
    switch source {
    case .column(let column): labels = try fieldLabels(record, column)
    case .oneHot: labels = try marked(record)
    }
    labels = Set(labels).sorted()
    if kind == .oneClass, labels.count != 1 {
      let names = labels.map { DataTable.shown(classes.names[$0]) }.joined(separator: ", ")
      throw error(
        record,
        (labels.isEmpty ? "has no label" : "has \(labels.count) labels (\(names))")
          + ", expected one; rows with any number of labels are for --task multilabel")
    }
    highest = max(highest, labels.last ?? -1)
    return labels
  }

  // MARK: A column of labels

  private mutating func fieldLabels(_ record: CSVReader, _ column: Int) throws(Refusal) -> [Int] {
    let text = record[column]
    let parts = LabelReader.parts(text)
    // A name the model has may hold what divides others.
    if parts.count == 1 || isGiven, let index = index(text) { return [index] }
    if kind == .oneClass, parts.count > 1 {
      throw error(
        record,
        "has \(parts.count) labels (\(DataTable.shown(text))), expected one; rows with any number of labels "
          + "are for --task multilabel")
    }
    var labels: [Int] = []
    for part in parts {
      guard let index = index(part) else {
        throw error(record, "label \(DataTable.shown(part)) is neither a number nor a known class")
      }
      labels.append(index)
    }
    return labels
  }

  private mutating func index(_ text: String) -> Int? {
    guard let index = Int(text) ?? classes.index(of: text) ?? LabelReader.number(text),
      (0..<LabelReader.labelLimit).contains(index)
    else { return nil }
    // A number may be of a class that no name is known of.
    classes.extend(to: index + 1)
    return index
  }

  /// A class's number; programs that know no integers write 1.0.
  private static func number(_ text: String) -> Int? {
    Int(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }

  private static func parts(_ text: String) -> [String] {
    text.split(whereSeparator: { $0 == "|" || $0 == ";" }).map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty }
  }

  /// The labels that are no numbers, sorted.
  private static func names(in column: Int, of table: DataTable) throws(Refusal) -> [String] {
    var names: Set<String> = []
    var reader = try table.rows()
    while try DataTable.next(&reader, table.path) {
      for part in parts(reader[column]) where number(part) == nil { names.insert(part) }
      guard names.count <= labelLimit else {
        throw Refusal(file: table.path, reason: "names more than \(labelLimit) classes")
      }
    }
    return names.sorted()
  }

  // MARK: Columns of ones and zeros

  /// The columns' names, without the one ISIC has for classes it does not know where no row is marked there.
  private static func names(of columns: [Int], in table: DataTable) throws(Refusal) -> [String] {
    var names: [String] = []
    for column in columns where try !isUnused(column, in: table) { names.append(table.header[column]) }
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw Refusal(file: table.path, reason: "has two columns \(DataTable.shown(twice))")
    }
    return names
  }

  private static func isUnused(_ column: Int, in table: DataTable) throws(Refusal) -> Bool {
    guard ColumnNames.normalized(table.header[column]) == ColumnNames.unknownClass else { return false }
    var reader = try table.rows()
    while try DataTable.next(&reader, table.path) {
      if DataTable.bit(reader.field(column)) == true { return false }
    }
    return true
  }

  private mutating func bind(_ columns: [Int]) throws(Refusal) {
    let binary = Set(columns)
    let known = Set(classes.names.map { $0.lowercased() })
    for (column, name) in table.header.enumerated() where column != table.image {
      if binary.contains(column) {
        columnClasses.append((column, classes.index(of: name)))
      } else if isGiven, known.contains(name.lowercased()) {
        throw Refusal(
          file: table.path,
          reason: "column \(DataTable.shown(name)) is a class and holds values that are not 0 or 1: say with "
            + "--label-column which column has the classes")
      }
    }
    let bound = Set(columnClasses.compactMap(\.index))
    guard !bound.isEmpty else {
      throw Refusal(
        file: table.path,
        reason: "none of its columns \(DataTable.list(columns.map { table.header[$0] })) is a class of the "
          + "model (\(DataTable.list(classes.names))): give the model's names with --labels, or --label-column")
    }
    let others = classes.names.indices.filter { !bound.contains($0) }
    rest = others.first
    guard others.count <= (kind == .oneClass ? 1 : 0) else {
      throw Refusal(
        file: table.path,
        reason: "has no column for the classes \(DataTable.list(others.map { classes.names[$0] })); it has "
          + DataTable.list(columns.map { table.header[$0] }))
    }
  }

  private mutating func marked(_ record: CSVReader) throws(Refusal) -> [Int] {
    var labels: [Int] = []
    var stranger: Int?
    for (column, index) in columnClasses {
      guard let isMarked = DataTable.bit(record.field(column)) else {
        throw error(record, "column \(DataTable.shown(table.header[column])) is not 0 or 1")
      }
      guard isMarked else { continue }
      if let index { labels.append(index) } else { stranger = column }
    }
    if labels.isEmpty, kind == .oneClass {
      if let stranger {
        throw error(
          record,
          "is marked \(DataTable.shown(table.header[stranger])), which is no class of the model "
            + "(\(DataTable.list(classes.names)))")
      }
      if let rest {
        hasRest = true
        return [rest]
      }
    }
    return labels
  }

  private func error(_ record: CSVReader, _ reason: String) -> Refusal {
    Refusal("\(table.path), line \(record.line): \(reason)")
  }
}

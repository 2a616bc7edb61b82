package import Hashing
import Tensors

/// Samples found below a folder, and what is known of them.
package struct SampleSet: Sendable {
  /// The folder or file that was given.
  package let folder: String
  package internal(set) var samples: [Sample]
  /// Class names in the model's order; empty without labels.
  package internal(set) var classes: [String] = []
  /// The classes of each sample, rising, where sets of labels were asked for.
  package internal(set) var labelSets: [[Int]]?
  package internal(set) var groups: GroupColumn?
  package internal(set) var subgroups: [AttributeColumn] = []
  /// The table labels or other columns are from.
  package internal(set) var table: String?
  /// The hash of that table, where labels or inputs are from it, or what else the samples are told apart by.
  package internal(set) var tableHash: SHA256?
  /// Rows of the table whose file is not there.
  package internal(set) var missing: MissingFiles?
  /// Rows of the table that name a file another row names: it then counts as often.
  package internal(set) var repeated = 0
  package internal(set) var unread: [UnreadFiles] = []
  /// Class folders without a sample.
  package internal(set) var emptyFolders: [String] = []
  /// What was decided in reading the data, to be said but not to be warned of.
  package internal(set) var notes: [String] = []
  /// The file of tensors that was given, already read.
  var opened: (path: String, file: TensorFile)?
  /// Values of inputs that come from columns, by input and row of the table.
  var numbers: [Int: [[Float]]] = [:]

  init(folder: String, samples: [Sample] = []) {
    self.folder = folder
    self.samples = samples
  }

  /// What there is to warn of: files that are named and not there, that are there and not read, classes without one.
  package var warnings: [String] {
    let empty = emptyFolders.map { "\(folder)/\($0): is a class folder without images or tensors" }
    let twice =
      repeated > 0 ? "\(table ?? folder): \(repeated) of its rows name a file again, which then counts as often" : nil
    return [missing?.sentence, twice, UnreadFiles.sentence(unread, in: folder)].compactMap(\.self) + empty
  }
}

extension SampleSet {
  /// Gives the model's other classes, of which there is no sample, their numbers as names, where those of the samples
  /// have only these, as in a labels.csv of indices.
  package mutating func numberClasses(upTo count: Int) {
    guard classes == classes.indices.map({ "\($0)" }) else { return }
    var all = ClassNames(classes)
    all.extend(to: count)
    classes = all.names
  }

  /// Whose images the samples are by a table of another set; nil where it does not name them.
  package func groups(of column: String, in table: String) -> GroupColumn? {
    var options = TableOptions()
    options.groupColumn = column
    let files = samples.map { String($0.path.dropFirst(folder.count + 1)) }
    guard let table = try? DataTable(path: table, options: options),
      let rows = try? TableRows(
        table, labels: nil, in: FileIndex(folder: folder, files: files), inputs: ModelInputs(TensorType(.float32, [])),
        options: options)
    else { return nil }
    return rows.groups(of: files)
  }
}

/// Which samples are of one patient or lesion.
package struct GroupColumn: Sendable {
  /// The column of the table that tells.
  package let column: String
  /// The value of each sample in that column; empty where it has none.
  package let names: [String]

  package init(column: String, names: [String]) {
    self.column = column
    self.names = names
  }
}

/// What samples are like in one respect: sex, age, type of skin.
package struct AttributeColumn: Sendable {
  package let column: String
  /// The value of each sample; "unknown" where it has none.
  package let values: [String]

  package static let unknown = "unknown"
  /// Columns of numbers with more values than this are divided into tens.
  static let numberLimit = 12
  /// More values than this divide nothing.
  static let valueLimit = 256

  /// Values as they were divided before.
  package init(_ column: String, of values: [String]) {
    self.column = column
    self.values = values
  }

  init(column: String, values: [String]) throws(Refusal) {
    self.column = column
    let distinct = Set(values.filter { !$0.isEmpty })
    if distinct.count > AttributeColumn.numberLimit, distinct.allSatisfy({ AttributeColumn.decade($0) != nil }) {
      self.values = values.map { AttributeColumn.decade($0) ?? AttributeColumn.unknown }
    } else {
      guard distinct.count <= AttributeColumn.valueLimit else {
        throw Refusal.usage(
          "column \(DataTable.shown(column)) has \(distinct.count) values, subgroups have at most "
            + "\(AttributeColumn.valueLimit): leave it out of --subgroups")
      }
      self.values = values.map { $0.isEmpty ? AttributeColumn.unknown : $0 }
    }
  }

  /// The ten a number lies in, as "30-39"; nil for what is no number.
  private static func decade(_ text: String) -> String? {
    guard let number = DataTable.number(text), abs(number) < 1e9 else { return nil }
    let ten = Int((number / 10).rounded(.down)) * 10
    return "\(ten)-\(ten + 9)"
  }
}

/// Files a table names that are not there.
package struct MissingFiles: Sendable {
  package let table: String
  package internal(set) var count = 0
  /// Rows of the table.
  package internal(set) var total = 0
  /// The first of them as the table names them.
  package internal(set) var first: [String] = []

  init(table: String) { self.table = table }

  mutating func add(_ name: String) {
    count += 1
    if first.count < 3 { first.append(DataTable.shown(name)) }
  }

  /// The line that tells of them, or nil where there are none.
  package var sentence: String? {
    guard count > 0 else { return nil }
    let names = first.joined(separator: ", ") + (count > first.count ? ", ..." : "")
    return "\(table): \(count) of \(total) files it names \(count == 1 ? "is" : "are") not in the folder: \(names)"
  }
}

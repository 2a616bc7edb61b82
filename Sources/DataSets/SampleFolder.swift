import NumPyFiles
package import Tensors

/// Finds samples below a folder.
package enum SampleFolder {
  /// All samples below a folder (or in one file), without labels, in order of their paths.
  ///
  /// A table, where one is given or lies in the folder, says whose images they are and gives inputs that are no images.
  ///
  /// - Parameter inputs: the model's; files of tensors may hold several samples
  package static func samples(
    at path: String, inputs: ModelInputs, options: TableOptions = TableOptions()
  ) throws(Refusal) -> SampleSet {
    let shards = try FolderContent(shards: path)
    switch FileTree.kind(of: path) {
    case _ where shards != nil: break
    case .missing: throw Refusal(file: path, reason: "no such file or folder")
    case .other: throw Refusal(file: path, reason: "is neither a file nor a folder")
    case .file where FolderContent.isTable(path): return try rows(of: path, inputs: inputs, options: options)
    case .file where FolderContent.isList(path): break
    case .file:
      guard SampleFormat(path: path) != nil else {
        throw Refusal(
          file: path,
          reason: "is not an image (\(SampleFormat.imageEndings)) or tensor file (\(SampleFormat.tensorEndings))")
      }
      var set = SampleSet(folder: path)
      let sample = Sample(name: path, path: path)
      if holdsTensors(path), let file = try? TensorFile.read(path) {
        set.samples = expand(sample, file, inputs)
        // Open from here on: that it changes meanwhile is then noticed.
        set.opened = (path, file)
      } else {
        set.samples = [sample]
      }
      return set
    case .folder: break
    }
    let content: FolderContent
    if let shards {
      content = shards
    } else {
      content = try FolderContent.isList(path) ? FolderContent(list: path) : FolderContent(path)
    }
    let rows = try description(of: content, inputs: inputs, options: options)
    var positions: [String: Int] = [:]
    for (row, entry) in (rows?.rows ?? []).enumerated() { positions[entry.file] = row }
    var set = SampleSet(folder: content.path)
    for file in content.inputs {
      set.samples += expand(content.sample(file, row: positions[file]), inputs)
    }
    set.unread = content.unread()
    guard !set.samples.isEmpty else {
      throw Refusal(
        file: path,
        reason: "contains no images (\(SampleFormat.imageEndings)) or tensors (\(SampleFormat.tensorEndings))"
          + content.remark())
    }
    try rows?.describe(&set)
    forgetLabels(&set)
    return set
  }

  /// The samples that a table names, in its order, whatever labels it has.
  private static func rows(
    of path: String, inputs: ModelInputs, options: TableOptions
  ) throws(Refusal) -> SampleSet {
    guard options.path == nil else { throw .usage("--table: \(path) is a table itself; leave out --table") }
    let content = FolderContent(table: path)
    let table = try DataTable(path: path, options: options)
    let rows = try unlabelledRows(table, content, inputs, options)
    var set = SampleSet(folder: content.path)
    for (row, entry) in rows.rows.enumerated() {
      set.samples += expand(content.sample(entry.file, row: row), inputs)
    }
    guard !set.samples.isEmpty else { throw Refusal(rows.missing.sentence ?? "\(path): names no samples") }
    set.missing = rows.missing.count > 0 ? rows.missing : nil
    set.repeated = rows.repeated
    try rows.describe(&set)
    forgetLabels(&set)
    return set
  }

  /// What else the table names and what of the folder it leaves out does not matter to samples without labels, nor does
  /// the table itself where no input is from it.
  private static func forgetLabels(_ set: inout SampleSet) {
    set.notes = []
    if set.numbers.isEmpty { set.tableHash = nil }
  }

  /// The rows of a table for samples without labels. Where no input depends on it, one that cannot be read is left out.
  private static func description(
    of content: FolderContent, inputs: ModelInputs, options: TableOptions
  ) throws(Refusal) -> TableRows? {
    func read() throws(Refusal) -> TableRows? {
      var tables: [DataTable] = []
      if let path = options.path {
        tables = [try DataTable(path: path, options: options)]
      } else {
        tables = content.tables.compactMap { try? DataTable(path: $0, options: options) }
      }
      guard tables.count == 1, let table = tables.first else { return nil }
      return try unlabelledRows(table, content, inputs, options)
    }
    return inputs.all.count > 1 ? try read() : try? read()
  }

  /// What a table says of samples without labels. Groups are of use where evaluation data have them too, and no more
  /// than that: a table may lack their column.
  private static func unlabelledRows(
    _ table: DataTable, _ content: FolderContent, _ inputs: ModelInputs, _ options: TableOptions
  ) throws(Refusal) -> TableRows {
    var own = options
    own.subgroupColumns = []
    if let name = own.groupColumn, (try? table.column(name, "--group")) == nil { own.groupColumn = nil }
    return try TableRows(table, labels: nil, in: content.index, inputs: inputs, options: own)
  }

  /// A file of tensors that holds several inputs is several samples.
  ///
  /// One that cannot be read stays one sample: reading it tells why.
  static func expand(_ sample: Sample, _ inputs: ModelInputs) -> [Sample] {
    guard holdsTensors(sample.path), let file = try? TensorFile.read(sample) else { return [sample] }
    return expand(sample, file, inputs)
  }

  private static func holdsTensors(_ path: String) -> Bool {
    let format = SampleFormat(path: path)
    return format == .numpy || format == .tensorProto
  }

  private static func expand(_ sample: Sample, _ file: TensorFile, _ inputs: ModelInputs) -> [Sample] {
    let count = file.count(for: inputs)
    guard count > 1 else { return [sample] }
    return (0..<count).map {
      Sample(
        name: "\(sample.name)[\($0)]", path: sample.path, index: $0, label: sample.label, row: sample.row,
        place: sample.place)
    }
  }

  /// Evaluation data: a folder of class folders, or files that a table gives classes.
  ///
  /// The table is the one given, labels.csv in the folder, or the only other one there that has classes. Where all
  /// folders are classes of the model, or those such another table names, they tell the classes, and the table what
  /// else is known.
  ///
  /// - Parameters:
  ///   - classes: the model's class names in order, where they are known; labels are positions in it. Otherwise names
  ///     are the class folders or the names in the table in sorted order, or the table's columns as they stand.
  ///   - labels: how many labels a sample has
  ///   - inputs: the model's; files of tensors may hold several samples
  package static func labelled(
    at path: String, classes: [String]?, labels: LabelKind = .oneClass, inputs: ModelInputs,
    options: TableOptions = TableOptions()
  ) throws(Refusal) -> SampleSet {
    var options = options
    let content = try labelledContent(of: path, &options)
    let folders: [String]
    if let found = content.shards?.folders { folders = found } else { folders = try classFolders(of: path) }
    let (found, ignored) = try labelTable(content, classes: classes, folders: folders, options: options)
    guard let (table, source) = found else {
      return try labelled(content, folders: folders, classes: classes, kind: labels, table: nil, inputs, options)
    }
    let isChosen =
      options.path != nil || FolderContent.isLabelsFile(table.path) || content.shards?.hasClasses == true
    guard let source, isChosen || !areClasses(folders, of: classes ?? []) else {
      return try labelled(content, folders: folders, classes: classes, kind: labels, table: table, inputs, options)
    }
    let reader = try LabelReader(table, source, kind: labels, classes: classes)
    if !isChosen, classes == nil, areClasses(reader.names, of: folders) {
      return try labelled(content, folders: folders, classes: classes, kind: labels, table: table, inputs, options)
    }
    let rows = try TableRows(table, labels: reader, in: content.index, inputs: inputs, options: options)
    var set = SampleSet(folder: content.path)
    for (row, entry) in rows.rows.enumerated() {
      set.samples += expand(content.sample(entry.file, label: entry.labels.first, row: row), inputs)
    }
    guard !set.samples.isEmpty else {
      guard folders.isEmpty || isChosen else {
        // A table of something else.
        return try labelled(content, folders: folders, classes: classes, kind: labels, table: nil, inputs, options)
      }
      throw Refusal(rows.missing.sentence ?? "\(table.path): names no samples")
    }
    set.classes = rows.classes
    if labels == .labelSets { set.labelSets = set.samples.map { $0.row.map { rows.rows[$0].labels } ?? [] } }
    set.missing = rows.missing.count > 0 ? rows.missing : nil
    set.repeated = rows.repeated
    set.unread = content.unread(except: Set(rows.rows.map(\.file)))
    try rows.describe(&set)
    set.notes += ignored.map { "\($0): has no classes and is not read (--table)" }
    return set
  }

  /// What is given as labelled data: a folder, a table that names files below its own folder, or a list of files beside
  /// a table that the options name.
  private static func labelledContent(
    of path: String, _ options: inout TableOptions
  ) throws(Refusal) -> FolderContent {
    if FileTree.kind(of: path) == .folder { return try FolderContent(path) }
    if let shards = try FolderContent(shards: path) { return shards }
    guard FileTree.kind(of: path) == .file, FolderContent.isTable(path) || FolderContent.isList(path) else {
      throw Refusal(file: path, reason: "no such folder")
    }
    if FolderContent.isTable(path) {
      guard options.path == nil else { throw .usage("--table: \(path) is a table itself; leave out --table") }
      options.path = path
      return FolderContent(table: path)
    }
    guard options.path != nil else {
      throw Refusal(
        file: path, reason: "names files, not their classes",
        remedy: "give a table with --table, or in the list's place one with columns file,label")
    }
    return try FolderContent(list: path)
  }

  /// Whether all names are of known classes, and there are some.
  private static func areClasses(_ names: [String], of classes: [String]) -> Bool {
    var known = ClassNames(classes)
    return !names.isEmpty && names.allSatisfy { known.index(of: $0) != nil }
  }

  /// The table that tells classes, or only what else is known of samples, and those that were passed over.
  private static func labelTable(
    _ content: FolderContent, classes: [String]?, folders: [String], options: TableOptions
  ) throws(Refusal) -> (table: (DataTable, DataTable.Labels?)?, ignored: [String]) {
    if let path = options.path ?? content.tables.first(where: FolderContent.isLabelsFile) {
      let table = try DataTable(path: path, options: options)
      let labels = try table.labels(classes, options: options)
      guard labels != nil || !folders.isEmpty && options.path != nil else {
        throw Refusal(
          file: path,
          reason: "no column has classes, as label does; it has \(DataTable.list(table.header)): say which with "
            + "--label-column")
      }
      return ((table, labels), [])
    }
    // The class beside each image says more than a table that happens to lie there.
    if let table = try content.shards?.labels(content.path) { return ((table, .column(1)), []) }
    var labelled: [(DataTable, DataTable.Labels?)] = []
    var others: [DataTable] = []
    var failure: Refusal?
    for path in content.tables {
      do throws(Refusal) {
        let table = try DataTable(path: path, options: options)
        if let labels = try table.labels(classes, options: options) {
          labelled.append((table, labels))
        } else {
          others.append(table)
        }
      } catch {
        if error.kind == .usage { throw error }
        failure = failure ?? error
      }
    }
    guard labelled.count <= 1 else {
      throw Refusal(
        file: content.path,
        reason: "has several tables of classes (\(list(labelled.map(\.0.path)))): say which with --table")
    }
    if let table = labelled.first { return (table, others.map(\.path)) }
    if !folders.isEmpty {
      // Class folders, and at most what a table says besides.
      return (others.count == 1 ? (others[0], nil) : nil, others.count == 1 ? [] : others.map(\.path))
    }
    if let table = others.first {
      throw Refusal(
        file: table.path,
        reason: "no column has classes, as label does; it has \(DataTable.list(table.header)): say which with "
          + "--label-column")
    }
    throw failure
      ?? Refusal(
        file: content.path, reason: "has neither class folders nor a table such as labels.csv with columns file,label")
  }

  private static func list(_ paths: [String]) -> String {
    paths.prefix(8).map { $0.split(separator: "/").last.map(String.init) ?? $0 }.joined(separator: ", ")
  }

  private static func labelled(
    _ content: FolderContent, folders: [String], classes: [String]?, kind: LabelKind, table: DataTable?,
    _ inputs: ModelInputs, _ options: TableOptions
  ) throws(Refusal) -> SampleSet {
    let path = content.path
    if table == nil, let column = options.groupColumn ?? options.subgroupColumns.first {
      let option = options.groupColumn == nil ? "--subgroups" : "--group"
      throw Refusal.usage(
        "\(option) \(DataTable.shown(column)): \(path) has no table with that column: give one with --table")
    }
    guard !folders.isEmpty else {
      throw Refusal(file: path, reason: "has neither class folders nor labels.csv with columns file,label")
    }
    let rows: TableRows?
    if let table {
      rows = try TableRows(table, labels: nil, in: content.index, inputs: inputs, options: options)
    } else {
      rows = nil
    }
    var positions: [String: Int] = [:]
    for (row, entry) in (rows?.rows ?? []).enumerated() { positions[entry.file] = row }

    var names = ClassNames(classes ?? folders)
    var set = SampleSet(folder: path)
    for folder in folders {
      guard let label = names.index(of: folder) else {
        throw Refusal(
          "\(path)/\(folder): is no class of the model (\(names.names.joined(separator: ", "))); "
            + "give the order with --labels FILE"
        )
      }
      let files = content.inputs(in: folder)
      if files.isEmpty { set.emptyFolders.append(folder) }
      for file in files {
        set.samples += expand(content.sample(file, label: label, row: positions[file]), inputs)
      }
    }
    guard !set.samples.isEmpty else {
      throw Refusal(file: path, reason: "its class folders contain no images or tensors\(content.remark())")
    }
    set.classes = names.names
    if kind == .labelSets { set.labelSets = set.samples.map { $0.label.map { [$0] } ?? [] } }
    set.unread = content.unread(and: content.inputsOutsideFolders)
    try rows?.describe(&set)
    set.notes += [names.note].compactMap(\.self)
    return set
  }

  /// Whether something says what the images of a folder are of: class folders, or a table.
  package static func hasLabels(_ path: String, options: TableOptions = TableOptions()) throws(Refusal) -> Bool {
    if let shards = try shards(at: path) {
      return options.path != nil || shards.shards?.hasClasses == true || shards.shards?.folders?.isEmpty == false
        || !shards.tables.isEmpty
    }
    guard FileTree.kind(of: path) == .folder else {
      return FileTree.kind(of: path) == .file && (FolderContent.isTable(path) || options.path != nil)
    }
    let folders = try classFolders(of: path)
    guard folders.isEmpty, options.path == nil else { return true }
    return try !FolderContent(path).tables.isEmpty
  }

  /// Tars that lie in the folder itself, with no folder beside them, or that a path names; nil where that is none.
  private static func shards(at path: String) throws(Refusal) -> FolderContent? {
    guard FileTree.kind(of: path) == .folder else { return try FolderContent(shards: path) }
    guard try FileTree.names(in: path).contains(where: TarShards.isShard) else { return nil }
    let content = try FolderContent(path)
    return content.shards?.folders == nil ? nil : content
  }

  /// Names of the folders in a folder, or in the tars there, in order; empty for a file.
  package static func classFolders(of path: String) throws(Refusal) -> [String] {
    if let folders = try shards(at: path)?.shards?.folders { return folders }
    guard FileTree.kind(of: path) == .folder else { return [] }
    return try FolderContent.list { () throws(Refusal) in try FileTree.names(in: path) }
      .filter { FileTree.kind(of: "\(path)/\($0)") == .folder }
  }
}

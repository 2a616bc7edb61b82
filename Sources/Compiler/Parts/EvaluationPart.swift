import Answers
import Bundles
import CanonicalJSON
import DataSets
import Quantization
import Tensors

/// What one model, or two, put out for each labelled sample of parts of a data set, and what is known of these samples.
///
/// Outputs are kept as they are, so that whatever is measured on them is what one run over all samples measures.
struct EvaluationPart: MergeablePart {
  static let kind = "evaluation"
  /// The version of what such a file holds.
  static let version = 1

  /// What must be the same in all parts, besides the models and the data.
  struct Subject: Equatable {
    /// Class names in the model's order, where they were known before the data were looked at.
    var labels: [String]?
    var classes: [String]
    /// The output that decides, and what it decides.
    var output: String
    var task: String
    /// Whether samples may have several labels.
    var hasLabelSets: Bool
    /// The column that tells whose the samples are; nil where nothing does.
    var group: String?
    /// The columns of subgroups.
    var columns: [String]
    var math: String
  }

  /// What is known of all samples of a site, and told by the part that has the first of them.
  struct Remarks: Equatable {
    var site: String?
    /// The shard that made them.
    var shard: Int
    /// Of each model.
    var warnings: [[String]]
    var dataWarnings: [String]
    var normalization: NormalizationFit?
  }

  struct Row: Equatable {
    /// Empty where sites have no names.
    var site: String
    var position: Int
    var name: String
    /// Rising; just one where samples have no sets of labels.
    var labels: [Int]
    var group: String
    var columns: [String]
  }

  /// The model, and the one it is compared with.
  let origins: [PartOrigin]
  let subject: Subject
  private(set) var data: PooledData
  /// In the order of sites.
  private(set) var remarks: [Remarks]
  /// By site, and by position within it.
  private(set) var rows: [Row]
  /// What each model puts out for each row.
  private(set) var outputs: [[[Float]]]

  init(
    _ origins: [PartOrigin], _ subject: Subject, _ data: PartData, _ remarks: Remarks, rows: [Row],
    outputs: [[[Float]]]
  ) {
    self.origins = origins
    self.subject = subject
    self.data = PooledData(data)
    self.remarks = [remarks]
    self.rows = rows
    self.outputs = outputs
  }

  mutating func merge(_ other: EvaluationPart) throws(Refusal) {
    try check(other)
    guard subject == other.subject else {
      throw Refusal(
        "does not belong to those before: classes, groups, subgroups or what the answer means are others",
        remedy: "score all parts with the same data and options")
    }
    let order = (0..<rows.count + other.rows.count).sorted {
      row($0, and: other).precedes(row($1, and: other))
    }
    func joined<Element>(_ own: [Element], _ more: [Element]) -> [Element] {
      order.map { $0 < own.count ? own[$0] : more[$0 - own.count] }
    }
    let merged = joined(rows, other.rows)
    guard zip(merged, merged.dropFirst()).allSatisfy({ $0.precedes($1) }) else {
      throw Refusal(.malformed, reason: "holds a sample that is in those before, too")
    }
    outputs = zip(outputs, other.outputs).map { joined($0, $1) }
    rows = merged
    for remark in other.remarks {
      if let index = remarks.firstIndex(where: { $0.site == remark.site }) {
        if remark.shard < remarks[index].shard { remarks[index] = remark }
      } else {
        remarks.append(remark)
      }
    }
    remarks.sort { PooledData.precedes($0.site ?? "", $1.site ?? "") }
    try data.add(other.data)
  }

  private func row(_ index: Int, and other: EvaluationPart) -> Row {
    index < rows.count ? rows[index] : other.rows[index - rows.count]
  }

  /// What there is to warn of in a model, each once.
  func warnings(_ model: Int) -> [String] {
    var seen: Set<String> = []
    return remarks.flatMap { $0.warnings[model] }.filter { seen.insert($0).inserted }
  }

  /// What there is to warn of in the data, with the name of the site.
  var dataWarnings: [String] {
    remarks.flatMap { remark in
      remark.dataWarnings.map { warning in remark.site.map { "\($0): \(warning)" } ?? warning }
    }
  }

  /// Numbers in the place of names, the same for all shards: by where a name is first among all samples.
  static func numbered(_ names: [String]) -> [String] {
    var numbers: [String: Int] = [:]
    return names.map { name in
      if name.isEmpty { return "" }
      let number = numbers[name] ?? numbers.count + 1
      numbers[name] = number
      return "group \(number)"
    }
  }

  // MARK: Files

  init(_ file: PartFile) throws(Refusal) {
    do throws(JSONError) {
      let node = file.description
      try EvaluationPart.check(node)
      try node.allowOnly("kind", "version", "origins", "subject", "data", "remarks")
      let origins = try node["origins"].elements().map { (node) throws(JSONError) in try PartOrigin(node) }
      guard (1...2).contains(origins.count) else { throw try node["origins"].error("expected one or two models") }
      self.origins = origins
      subject = try Subject(node["subject"])
      data = try PooledData(node["data"])
      remarks = try EvaluationPart.remarks(node["remarks"], data, models: origins.count)
    } catch {
      throw file.malformed("\(error)")
    }
    rows = []
    outputs = []
    do throws(Refusal) {
      var data = data
      try data.readFiles(file)
      self.data = data
      rows = try EvaluationPart.rows(file[.samples], subject, data)
      guard rows.count <= data.used else { throw Refusal(.malformed, reason: "has more samples than were used") }
      let contents: [PartFile.Content] = [.scores, .reference]
      for content in contents.prefix(origins.count) {
        outputs.append(try EvaluationPart.outputs(file[content], content, rows: rows.count))
      }
    } catch {
      throw error.of(file: file.path)
    }
  }

  private static func remarks(
    _ node: JSONNode, _ data: PooledData, models: Int
  ) throws(JSONError) -> [Remarks] {
    guard data.hasSites else {
      return [try Remarks(node, models: models, shards: data.shardCount, site: nil)]
    }
    let nodes = try node.elements()
    guard nodes.count == data.sites.count else { throw node.error("expected one for each site") }
    return try zip(nodes, data.sites).map { (node, data) throws(JSONError) in
      try Remarks(node, models: models, shards: data.shards.count, site: data.site)
    }
  }

  private static func rows(_ buffer: Buffer, _ subject: Subject, _ data: PooledData) throws(Refusal) -> [Row] {
    try buffer.withBytes { (bytes) throws(Refusal) in
      var reader = CountReader(bytes, name: PartFile.Content.samples.rawValue)
      var rows: [Row] = []
      for site in data.sites {
        // How many there are is said where those of another site may follow.
        let count = data.hasSites ? try reader.count(atMost: site.chosen, "samples of a site") : site.chosen
        let end = rows.count + count
        var next = 0
        while rows.count < end, data.hasSites || !reader.isAtEnd {
          rows.append(try row(&reader, subject, site, from: next))
          next = rows[rows.count - 1].position + 1
        }
      }
      guard reader.isAtEnd else { throw reader.malformed("goes on after the last sample") }
      return rows
    }
  }

  private static func row(
    _ reader: inout CountReader, _ subject: Subject, _ data: PartData, from next: Int
  ) throws(Refusal) -> Row {
    let position = next + (try reader.count(atMost: data.chosen, "samples between"))
    guard position < data.chosen else { throw reader.malformed("sample \(position) is beyond the listing") }
    var row = Row(
      site: data.site ?? "", position: position, name: try reader.text(), labels: [], group: "", columns: [])
    let labels = try reader.count(atMost: subject.classes.count, "labels of a sample")
    guard subject.hasLabelSets || labels == 1 else { throw reader.malformed("a sample has \(labels) labels") }
    for _ in 0..<labels {
      let label = try reader.count(atMost: subject.classes.count - 1, "a label")
      guard row.labels.last.map({ $0 < label }) ?? true else { throw reader.malformed("labels do not rise") }
      row.labels.append(label)
    }
    if subject.group != nil { row.group = try reader.text() }
    for _ in subject.columns { row.columns.append(try reader.text()) }
    return row
  }

  private static func outputs(
    _ buffer: Buffer, _ content: PartFile.Content, rows: Int
  ) throws(Refusal) -> [[Float]] {
    let numbers = rows == 0 ? 0 : buffer.count / 4 / rows
    guard buffer.count == 4 * numbers * rows else {
      throw Refusal(.malformed, reason: "section \(content.rawValue) has \(buffer.count) bytes for \(rows) samples")
    }
    return try buffer.withBytes { (bytes) throws(Refusal) in
      var reader = CountReader(bytes, name: content.rawValue)
      var outputs: [[Float]] = []
      for _ in 0..<rows {
        var row: [Float] = []
        row.reserveCapacity(numbers)
        for _ in 0..<numbers { row.append(try reader.float()) }
        outputs.append(row)
      }
      return outputs
    }
  }

  func stage(for path: String) throws(Refusal) -> StagedFile {
    var samples = CountWriter()
    let bySite = Dictionary(grouping: rows, by: \.site)
    for data in data.sites {
      let rows = bySite[data.site ?? ""] ?? []
      if data.site != nil { samples.append(UInt64(rows.count)) }
      var next = 0
      for row in rows {
        samples.append(UInt64(row.position - next))
        next = row.position + 1
        samples.append(text: row.name)
        samples.append(UInt64(row.labels.count))
        for label in row.labels { samples.append(UInt64(label)) }
        if subject.group != nil { samples.append(text: row.group) }
        for value in row.columns { samples.append(text: value) }
      }
    }
    var contents: [PartFile.Content: [UInt8]] = [.samples: samples.bytes]
    contents[.files] = data.fileBytes
    for (content, outputs) in zip([PartFile.Content.scores, .reference], outputs) {
      var scores = CountWriter()
      // Bits as they are: a zero may have a sign here.
      for number in outputs.joined() { scores.append(bits: number.bitPattern) }
      contents[content] = scores.bytes
    }
    let description: JSON = [
      "kind": .string(EvaluationPart.kind), "version": .int(EvaluationPart.version),
      "origins": .array(origins.map(\.json)), "subject": subject.json, "data": data.json,
      "remarks": data.hasSites ? .array(remarks.map(\.json)) : remarks.first?.json ?? .null,
    ]
    return try PartFile.stage(description, contents, for: path)
  }
}

extension EvaluationPart.Row {
  func precedes(_ other: EvaluationPart.Row) -> Bool {
    site == other.site ? position < other.position : PooledData.precedes(site, other.site)
  }
}

extension EvaluationPart.Subject {
  var json: JSON {
    [
      "labels": labels.map { .strings($0) } ?? .null, "classes": .strings(classes), "output": .string(output),
      "task": .string(task), "label_sets": .bool(hasLabelSets), "group": group.map { .string($0) } ?? .null,
      "columns": .strings(columns), "math": .string(math),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    try node.allowOnly("labels", "classes", "output", "task", "label_sets", "group", "columns", "math")
    labels = try node.optional("labels")?.strings()
    classes = try node["classes"].strings()
    output = try node["output"].string()
    task = try node["task"].string()
    hasLabelSets = try node["label_sets"].bool()
    group = try node.optional("group")?.string()
    columns = try node["columns"].strings()
    math = try node["math"].string()
  }
}

extension EvaluationPart.Remarks {
  var json: JSON {
    [
      "shard": .int(shard), "warnings": .array(warnings.map { .strings($0) }), "data_warnings": .strings(dataWarnings),
      "normalization": normalization.map {
        ["node": .string($0.node), "divergence": .finite($0.divergence), "samples": .int($0.samples)]
      } ?? .null,
    ]
  }

  /// Leaves out what names files, and where models lie.
  mutating func forgetFiles(_ models: [String]) {
    warnings = zip(warnings, models).map { warnings, path in
      warnings.map { $0.hasPrefix(path) ? FileTree.fileName(path) + $0.dropFirst(path.count) : $0 }
    }
    if !dataWarnings.isEmpty {
      dataWarnings = ["there was something to warn of in the data (\(dataWarnings.count)), told where they were scored"]
    }
  }

  init(_ node: JSONNode, models: Int, shards: Int, site: String?) throws(JSONError) {
    self.site = site
    try node.allowOnly("shard", "warnings", "data_warnings", "normalization")
    shard = try node["shard"].int(in: 1...shards)
    warnings = try node["warnings"].elements().map { (node) throws(JSONError) in try node.strings() }
    guard warnings.count == models else { throw try node["warnings"].error("expected a list for each model") }
    dataWarnings = try node["data_warnings"].strings()
    normalization = try node.optional("normalization").map { (node) throws(JSONError) in
      try node.allowOnly("node", "divergence", "samples")
      return NormalizationFit(
        node: try node["node"].string(), divergence: try node.optional("divergence")?.double() ?? .infinity,
        samples: try node["samples"].int(in: 0...Int.max))
    }
  }
}

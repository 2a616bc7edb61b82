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

  /// What is known of all samples, and told by the part that has the first of them.
  struct Remarks: Equatable {
    /// The shard that made them.
    var shard: Int
    /// Of each model.
    var warnings: [[String]]
    var dataWarnings: [String]
    var normalization: NormalizationFit?
  }

  struct Row: Equatable {
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
  private(set) var data: PartData
  private(set) var remarks: Remarks
  private(set) var rows: [Row]
  /// What each model puts out for each row.
  private(set) var outputs: [[[Float]]]

  init(
    _ origins: [PartOrigin], _ subject: Subject, _ data: PartData, _ remarks: Remarks, rows: [Row],
    outputs: [[[Float]]]
  ) {
    self.origins = origins
    self.subject = subject
    self.data = data
    self.remarks = remarks
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
      position(of: $0, and: other) < position(of: $1, and: other)
    }
    func joined<Element>(_ own: [Element], _ more: [Element]) -> [Element] {
      order.map { $0 < own.count ? own[$0] : more[$0 - own.count] }
    }
    let merged = joined(rows, other.rows)
    guard zip(merged, merged.dropFirst()).allSatisfy({ $0.position < $1.position }) else {
      throw Refusal(.malformed, reason: "holds a sample that is in those before, too")
    }
    outputs = zip(outputs, other.outputs).map { joined($0, $1) }
    rows = merged
    if other.remarks.shard < remarks.shard { remarks = other.remarks }
    try data.add(other.data)
  }

  private func position(of index: Int, and other: EvaluationPart) -> Int {
    index < rows.count ? rows[index].position : other.rows[index - rows.count].position
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
      data = try PartData(node["data"])
      remarks = try Remarks(node["remarks"], models: origins.count, shards: data.shards.count)
    } catch {
      throw file.malformed("\(error)")
    }
    rows = []
    outputs = []
    do throws(Refusal) {
      var data = data
      try data.readFiles(file)
      self.data = data
      rows = try EvaluationPart.rows(file[.samples], subject, below: data.chosen)
      guard rows.count <= data.used else { throw Refusal(.malformed, reason: "has more samples than were used") }
      let contents: [PartFile.Content] = [.scores, .reference]
      for content in contents.prefix(origins.count) {
        outputs.append(try EvaluationPart.outputs(file[content], content, rows: rows.count))
      }
    } catch {
      throw error.of(file: file.path)
    }
  }

  private static func rows(_ buffer: Buffer, _ subject: Subject, below count: Int) throws(Refusal) -> [Row] {
    try buffer.withBytes { (bytes) throws(Refusal) in
      var reader = CountReader(bytes, name: PartFile.Content.samples.rawValue)
      var rows: [Row] = []
      var next = 0
      while !reader.isAtEnd {
        let position = next + (try reader.count(atMost: count, "samples between"))
        guard position < count else { throw reader.malformed("sample \(position) is beyond the listing") }
        next = position + 1
        var row = Row(position: position, name: try reader.text(), labels: [], group: "", columns: [])
        let labels = try reader.count(atMost: subject.classes.count, "labels of a sample")
        guard subject.hasLabelSets || labels == 1 else { throw reader.malformed("a sample has \(labels) labels") }
        for _ in 0..<labels {
          let label = try reader.count(atMost: subject.classes.count - 1, "a label")
          guard row.labels.last.map({ $0 < label }) ?? true else { throw reader.malformed("labels do not rise") }
          row.labels.append(label)
        }
        if subject.group != nil { row.group = try reader.text() }
        for _ in subject.columns { row.columns.append(try reader.text()) }
        rows.append(row)
      }
      return rows
    }
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
      "origins": .array(origins.map(\.json)), "subject": subject.json, "data": data.json, "remarks": remarks.json,
    ]
    return try PartFile.stage(description, contents, for: path)
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

  init(_ node: JSONNode, models: Int, shards: Int) throws(JSONError) {
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

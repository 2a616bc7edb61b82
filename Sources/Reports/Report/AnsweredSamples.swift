import CanonicalJSON
package import Metrics

/// What both models say of each labelled sample: by it reports of two builds are compared image by image.
package struct AnsweredSamples: Sendable, Equatable {
  /// One model's answers, in the order of the samples.
  package struct Answers: Sendable, Equatable {
    /// The classes decided for, by their index.
    package var decided: [[Int]]
    /// One for each class.
    package var probabilities: [[Double]]

    package init(decided: [[Int]], probabilities: [[Double]]) {
      self.decided = decided
      self.probabilities = probabilities
    }
  }

  /// Names below the folder of the data.
  package var files: [String]
  /// The right classes of each sample, by their index.
  package var labels: [[Int]]
  /// A number for each sample, the same for those that belong together; nil where nothing tells.
  package var groups: [Int]?
  package var columns: [SubgroupColumn]
  /// Nil where one model was measured alone.
  package var float: Answers?
  package var compiled: Answers
  /// How sure the compiled model's answers are to be taken; nil where nothing was fitted of it.
  package var certainty: Certainty?

  package init(
    files: [String], labels: [[Int]], groups: [Int]? = nil, columns: [SubgroupColumn] = [], float: Answers?,
    compiled: Answers
  ) {
    self.files = files
    self.labels = labels
    self.groups = groups
    self.columns = columns
    self.float = float
    self.compiled = compiled
  }
}

extension AnsweredSamples {
  var json: JSON {
    var object: JSONObject = [
      "files": .strings(files),
      "labels": .array(labels.map { .ints($0) }),
      "groups": groups.map { .ints($0) } ?? .null,
      "subgroups": .array(
        columns.map { column in
          ["column": .string(column.name), "values": .array(column.values.map { $0.map { .string($0) } ?? .null })]
        }),
      "float": float?.json ?? .null,
      "compiled": compiled.json,
    ]
    if let certainty { object["certainty"] = certainty.json }
    return .object(object)
  }

  /// - Parameter classes: how many there are
  init(_ node: JSONNode, classes: Int) throws(JSONError) {
    let files = try node["files"].strings()
    guard !files.isEmpty else { throw node.error("has no samples") }
    guard Set(files).count == files.count else { throw node.error("names a sample twice") }
    func each<Element>(_ elements: [Element], _ key: String) throws(JSONError) -> [Element] {
      guard elements.count == files.count else {
        throw node.error("\(key): \(elements.count) entries for \(files.count) samples")
      }
      return elements
    }
    func indices(_ node: JSONNode, _ key: String) throws(JSONError) -> [[Int]] {
      try each(
        node[key].elements().map { (element) throws(JSONError) in try element.indices(below: classes) }, key)
    }
    func answers(_ node: JSONNode) throws(JSONError) -> Answers {
      let rows = try AnsweredSamples.probabilities(node, classes: classes)
      return Answers(decided: try indices(node, "decided"), probabilities: try each(rows, "probabilities"))
    }
    self.init(
      files: files, labels: try indices(node, "labels"), float: nil, compiled: try answers(node["compiled"]))
    if let float = try node.optional("float") { self.float = try answers(float) }
    if let node = try node.optional("certainty") {
      var abstains: [Bool] = []
      for element in try node["abstains"].elements() { abstains.append(try element.bool()) }
      certainty = Certainty(
        sets: try indices(node, "sets"), abstains: try each(abstains, "abstains"),
        probabilities: try each(AnsweredSamples.probabilities(node, classes: classes), "probabilities"))
    }
    if let groups = try node.optional("groups") { self.groups = try each(groups.indices(below: files.count), "groups") }
    for element in try node.elements(of: "subgroups") {
      var values: [String?] = []
      for value in try element["values"].elements() { values.append(value.value == .null ? nil : try value.string()) }
      columns.append(SubgroupColumn(try element["column"].string(), values: try each(values, "subgroups")))
    }
  }
}

extension AnsweredSamples {
  /// How sure answers are to be taken, in the order of the samples.
  package struct Certainty: Sendable, Equatable {
    /// The classes that each sample may be of, by their index.
    package var sets: [[Int]]
    /// Whether the model gives no answer.
    package var abstains: [Bool]
    /// Calibrated ones, one for each class.
    package var probabilities: [[Double]]

    package init(sets: [[Int]], abstains: [Bool], probabilities: [[Double]]) {
      self.sets = sets
      self.abstains = abstains
      self.probabilities = probabilities
    }

    fileprivate var json: JSON {
      [
        "sets": .array(sets.map { .ints($0) }), "abstains": .array(abstains.map { .bool($0) }),
        "probabilities": .array(probabilities.map { .doubles($0) }),
      ]
    }
  }

  private static func probabilities(_ node: JSONNode, classes: Int) throws(JSONError) -> [[Double]] {
    var rows: [[Double]] = []
    for element in try node["probabilities"].elements() {
      let row = try element.doubles()
      guard row.count == classes else { throw element.error("\(row.count) probabilities for \(classes) classes") }
      rows.append(row)
    }
    return rows
  }
}

extension AnsweredSamples.Answers {
  fileprivate var json: JSON {
    [
      "decided": .array(decided.map { .ints($0) }),
      "probabilities": .array(probabilities.map { .doubles($0) }),
    ]
  }
}

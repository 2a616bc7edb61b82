import CanonicalJSON

/// The samples of one value of a column, such as the sex of the patient, measured by themselves.
package struct SubgroupReport: Sendable, Equatable {
  package struct Figure: Sendable, Equatable {
    /// By the name it has in JSON: `sensitivity`, `top1`.
    package let measure: String
    package var float: Double?
    package var compiled: Double?
    /// Compiled minus float.
    package var delta: Estimate?

    package init(_ measure: String, float: Double? = nil, compiled: Double? = nil, delta: Estimate? = nil) {
      self.measure = measure
      self.float = float
      self.compiled = compiled
      self.delta = delta
    }
  }

  package let column: String
  /// Nil for the samples it is not known of.
  package let value: String?
  package var samples: Int
  /// How many groups the samples come in; nil without groups.
  package var groups: Int?
  package var figures: [Figure]

  package init(column: String, value: String?, samples: Int, groups: Int? = nil, figures: [Figure] = []) {
    self.column = column
    self.value = value
    self.samples = samples
    self.groups = groups
    self.figures = figures
  }

  /// As people read it: `sex = female`.
  package var name: String { "\(column) \(value.map { "= \($0)" } ?? "not known")" }
}

extension SubgroupReport {
  var json: JSON {
    var members: JSONObject = [
      "column": .string(column), "value": value.map { .string($0) } ?? .null, "samples": .int(samples),
    ]
    if let groups { members["groups"] = .int(groups) }
    var measures = JSONObject()
    for figure in figures {
      measures[figure.measure] = [
        "float": .finite(figure.float), "compiled": .finite(figure.compiled), "delta": .estimate(figure.delta),
      ]
    }
    members["measures"] = .object(measures)
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      column: try node["column"].string(), value: try node.optional("value")?.string(),
      samples: try node.count("samples"), groups: try node.optional("groups")?.int(in: JSONNode.counts))
    for (measure, node) in try node["measures"].members() {
      figures.append(
        Figure(
          measure, float: try node.optional("float")?.double(), compiled: try node.optional("compiled")?.double(),
          delta: try node.estimate("delta")))
    }
  }
}

import CanonicalJSON
package import Metrics

extension Subgroup {
  /// As people read it: `sex = female`.
  package var name: String { "\(column) \(value.map { "= \($0)" } ?? "not known")" }

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

import CanonicalJSON
import Metrics

extension BinaryComparison {
  var json: JSON {
    [
      "float": float?.json ?? .null, "compiled": compiled.json, "intervals": Self.json(intervals),
      "deltas": Self.json(deltas),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(compiled: try BinaryFigures(node["compiled"]))
    if let float = try node.optional("float") { self.float = try BinaryFigures(float) }
    intervals = try Self.estimates(node, "intervals")
    deltas = try Self.estimates(node, "deltas")
  }

  private static func json(_ estimates: [BinaryMeasure: Estimate]) -> JSON {
    var members = JSONObject()
    for measure in BinaryMeasure.allCases { members[measure.rawValue] = estimates[measure]?.json }
    return .object(members)
  }

  private static func estimates(_ node: JSONNode, _ key: String) throws(JSONError) -> [BinaryMeasure: Estimate] {
    var estimates: [BinaryMeasure: Estimate] = [:]
    guard let node = try node.optional(key) else { return estimates }
    for measure in BinaryMeasure.allCases { estimates[measure] = try node.estimate(measure.rawValue) }
    return estimates
  }
}

extension BinaryFigures {
  var json: JSON {
    var members = JSONObject()
    if let counts {
      members["tp"] = .int(counts.truePositives)
      members["fp"] = .int(counts.falsePositives)
      members["tn"] = .int(counts.trueNegatives)
      members["fn"] = .int(counts.falseNegatives)
    }
    for measure in BinaryMeasure.allCases { members[measure.rawValue] = .finite(values[measure]) }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(values: [:])
    if try node.optional("tp") != nil {
      counts = Counts(
        truePositives: try node.count("tp"), falsePositives: try node.count("fp"),
        trueNegatives: try node.count("tn"), falseNegatives: try node.count("fn"))
    }
    for measure in BinaryMeasure.allCases { values[measure] = try node.optional(measure.rawValue)?.double() }
  }
}

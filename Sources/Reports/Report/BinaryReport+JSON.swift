import CanonicalJSON
import Metrics

extension BinaryReport {
  var json: JSON {
    [
      "float": float?.json ?? .null, "compiled": compiled.json, "intervals": Self.json(intervals),
      "deltas": Self.json(deltas),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(compiled: try Figures(node["compiled"]))
    if let float = try node.optional("float") { self.float = try Figures(float) }
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

extension BinaryReport.Figures {
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

extension MultiLabelReport {
  var json: JSON {
    [
      "labels": .array(labels.map(\.json)), "macro": macro?.json ?? .null, "micro": micro?.json ?? .null,
      "exact_match": exactMatch?.json ?? .null, "hamming_loss": hammingLoss?.json ?? .null,
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(labels: [])
    for element in try node.elements(of: "labels") { labels.append(try Label(element)) }
    if let macro = try node.optional("macro") { self.macro = try BinaryReport(macro) }
    if let micro = try node.optional("micro") { self.micro = try BinaryReport(micro) }
    if let exact = try node.optional("exact_match") { exactMatch = try Figure(exact) }
    if let loss = try node.optional("hamming_loss") { hammingLoss = try Figure(loss) }
  }
}

extension MultiLabelReport.Label {
  var json: JSON {
    var members: JSONObject = ["name": .string(name), "agreement": .estimate(agreement)]
    if case .object(let measures) = measures?.json { for (key, value) in measures { members[key] = value } }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(try node["name"].string(), agreement: try node.estimate("agreement"))
    if try node.optional("compiled") != nil { measures = try BinaryReport(node) }
  }
}

extension MultiLabelReport.Figure {
  var json: JSON { ["float": .finite(float), "compiled": .finite(compiled), "delta": .estimate(delta)] }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      float: try node.optional("float")?.double(), compiled: try node.optional("compiled")?.double(),
      delta: try node.estimate("delta"))
  }
}

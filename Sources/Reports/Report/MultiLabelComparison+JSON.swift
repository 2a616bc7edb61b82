import CanonicalJSON
import Metrics

extension MultiLabelComparison {
  var json: JSON {
    [
      "labels": .array(labels.map(\.json)), "macro": macro?.json ?? .null, "micro": micro?.json ?? .null,
      "exact_match": exactMatch?.json ?? .null, "hamming_loss": hammingLoss?.json ?? .null,
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(labels: [])
    for element in try node.elements(of: "labels") { labels.append(try Label(element)) }
    if let macro = try node.optional("macro") { self.macro = try BinaryComparison(macro) }
    if let micro = try node.optional("micro") { self.micro = try BinaryComparison(micro) }
    if let exact = try node.optional("exact_match") { exactMatch = try Figure(exact) }
    if let loss = try node.optional("hamming_loss") { hammingLoss = try Figure(loss) }
  }
}

extension MultiLabelComparison.Label {
  var json: JSON {
    var members: JSONObject = ["name": .string(name), "agreement": .estimate(agreement)]
    if case .object(let measures) = measures?.json { for (key, value) in measures { members[key] = value } }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(try node["name"].string(), agreement: try node.estimate("agreement"))
    if try node.optional("compiled") != nil { measures = try BinaryComparison(node) }
  }
}

extension MultiLabelComparison.Figure {
  var json: JSON { ["float": .finite(float), "compiled": .finite(compiled), "delta": .estimate(delta)] }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      float: try node.optional("float")?.double(), compiled: try node.optional("compiled")?.double(),
      delta: try node.estimate("delta"))
  }
}

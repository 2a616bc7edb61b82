package import CanonicalJSON
package import Tensors

extension Uncertainty {
  /// The object that `init(json:for:)` reads.
  package var json: JSON {
    var object = scalars
    if let distance { object["distance"] = distance.json }
    return .object(object)
  }

  /// The same with less of distances than their many numbers, for reports.
  package var summary: JSON {
    var object = scalars
    if let distance { object["distance"] = distance.summary }
    return .object(object)
  }

  private var scalars: JSONObject {
    var sets: JSONObject = [
      "method": .string(self.sets.method.rawValue), "coverage": .double(self.sets.coverage),
      "thresholds": .array(self.sets.thresholds.map { $0.map { .double(Double($0)) } ?? .null }),
    ]
    if self.sets.method == .raps {
      sets["penalty"] = .double(self.sets.penalty)
      sets["free_ranks"] = .int(self.sets.freeRanks)
    }
    var object: JSONObject = [
      "temperature": .double(Double(temperature)), "sets": .object(sets), "samples": .int(samples),
      "data": .string(data),
    ]
    if let abstention {
      object["abstention"] = [
        "risk": .double(abstention.risk), "certainty": .double(abstention.certainty),
        "threshold": abstention.threshold.map { .double(Double($0)) } ?? .null,
      ]
    }
    if let energy {
      object["energy"] = [
        "false_alarms": .double(energy.falseAlarms), "threshold": .double(Double(energy.threshold)),
      ]
    }
    if let split {
      object["split"] = [
        "share": .double(split.share), "seed": .int(Int(truncatingIfNeeded: split.seed)),
        "by": split.group.map { .string($0) } ?? .null,
      ]
    }
    return object
  }

  /// Reads what section `explanation` of a bundle stores of it; nil where that is nothing.
  ///
  /// - Parameters:
  ///   - explanation: the section
  ///   - meaning: of the answers it was fitted for
  /// - Throws: where it does not fit them
  package static func stored(_ explanation: JSON?, for meaning: OutputMeaning) throws(Refusal) -> Uncertainty? {
    guard let node = explanation?["uncertainty"] else { return nil }
    do throws(JSONError) {
      return try Uncertainty(json: JSONNode(node, name: "explanation.uncertainty"), for: meaning)
    } catch {
      throw Refusal("section \(error)")
    }
  }

  /// Reads what a bundle stores.
  package init(json: JSONNode, for meaning: OutputMeaning) throws(JSONError) {
    try json.allowOnly("temperature", "sets", "samples", "data", "abstention", "energy", "distance", "split")
    guard Uncertainty.applies(to: meaning) else {
      throw json.error("is for answers of one class; the model's are \(meaning.task.rawValue)")
    }
    let sets = try json["sets"]
    try sets.allowOnly("method", "coverage", "thresholds", "penalty", "free_ranks")
    var thresholds: [Float?] = []
    for node in try sets["thresholds"].elements() {
      thresholds.append(node.value == .null ? nil : try node.float())
    }
    guard thresholds.count == 1 || thresholds.count == meaning.classCount else {
      throw try sets["thresholds"].error("\(thresholds.count) thresholds for \(meaning.classCount) classes")
    }
    var read = PredictionSets(
      try sets["method"].choice(), coverage: try sets["coverage"].share(), thresholds: thresholds)
    try read.readPenalty(sets)
    self.init(
      temperature: try json["temperature"].float(), sets: read,
      samples: try json["samples"].int(in: 1...1 << 30), data: try json["data"].string())
    guard (1e-3...1e3).contains(temperature) else {
      throw try json["temperature"].error("a temperature is 0.001 to 1000")
    }
    guard data.utf8.count == 64, data.allSatisfy(\.isHexDigit) else {
      throw try json["data"].error("expected the 64 digits of a SHA-256")
    }
    if let node = try json.optional("abstention") {
      try node.allowOnly("risk", "certainty", "threshold")
      abstention = Abstention(
        risk: try node["risk"].share(), certainty: try node["certainty"].share(),
        threshold: try node.optional("threshold").map { (node) throws(JSONError) in try node.float() })
    }
    if let node = try json.optional("split") {
      try node.allowOnly("share", "seed", "by")
      split = Split(
        share: try node["share"].share(), seed: UInt64(bitPattern: Int64(try node["seed"].int())),
        group: try node.optional("by")?.string())
    }
    if let node = try json.optional("energy") {
      try node.allowOnly("false_alarms", "threshold")
      guard meaning.hasEnergy else { throw node.error("is for several logits, which the model does not give") }
      energy = EnergyLimit(falseAlarms: try node["false_alarms"].share(), threshold: try node["threshold"].float())
    }
    distance = try json.optional("distance").map { (node) throws(JSONError) in try FeatureDistance(json: node) }
  }
}

extension PredictionSets {
  fileprivate mutating func readPenalty(_ node: JSONNode) throws(JSONError) {
    guard method == .raps else { return try node.allowOnly("method", "coverage", "thresholds") }
    penalty = try node["penalty"].double()
    guard (0...1000).contains(penalty) else { throw try node["penalty"].error("a penalty is 0 to 1000") }
    freeRanks = try node["free_ranks"].int(in: 0...1 << 31)
  }
}

extension JSONNode {
  /// A fraction between 0 and 1, neither of the two.
  func share() throws(JSONError) -> Double {
    let value = try double()
    guard value > 0, value < 1 else { throw error("expected a fraction between 0 and 1") }
    return value
  }
}

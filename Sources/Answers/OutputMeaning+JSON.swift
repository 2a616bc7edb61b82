package import CanonicalJSON

extension OutputMeaning {
  /// The object that `init(json:)` reads.
  package var json: JSON {
    var object: JSONObject = [
      "output": .string(output), "task": .string(task.rawValue), "scores": .string(scores.rawValue),
      "count": .int(count),
    ]
    if task == .binary { object["positive"] = .int(positive) }
    if !thresholds.isEmpty { object["thresholds"] = .doubles(thresholds) }
    return .object(object)
  }

  /// Reads what a bundle stores.
  package init(json: JSONNode) throws(JSONError) {
    try json.allowOnly("output", "task", "scores", "count", "positive", "thresholds")
    let task: Task = try json["task"].choice()
    self.init(
      output: try json["output"].string(), task: task, scores: try json["scores"].choice(),
      count: try json["count"].int(in: 0...1 << 31))
    if let node = try json.optional("positive") { positive = try node.int(in: 0...1) }
    if let node = try json.optional("thresholds") { thresholds = try node.doubles() }
    switch task {
    case .binary:
      guard count == 1 || count == 2 else { throw try json["count"].error("a binary output has 1 or 2 numbers") }
      guard thresholds.count <= 1 else { throw json.error("a binary output has one threshold") }
    case .multiclass:
      guard count >= 2 else { throw try json["count"].error("a multi-class output has 2 or more numbers") }
      guard thresholds.isEmpty else { throw json.error("a multi-class output has no thresholds") }
    case .multilabel:
      guard thresholds.isEmpty || thresholds.count == count else {
        throw json.error("\(thresholds.count) thresholds for \(count) labels")
      }
    case .none:
      guard thresholds.isEmpty else { throw json.error("an output without a decision has no thresholds") }
    }
    guard thresholds.allSatisfy({ (0...1).contains($0) }) else { throw json.error("thresholds must be 0 to 1") }
  }
}

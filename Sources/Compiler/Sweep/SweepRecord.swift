import CanonicalJSON
import Metrics
import Reports
import Tensors

/// A finished point of a sweep as it is kept beside its bundle, so that nobody needs to compile it again: which sweep
/// it is of, what it was made with, and what is not in its report.
struct SweepRecord {
  static let schema = 1

  let identity: SweepIdentity
  let name: String
  let options: [String]
  let recipe: Recipe
  let outcome: Outcome

  enum Outcome {
    /// A bundle, told by the hashes of its file and of its report's.
    case bundle(sha256: String, report: String, cost: Estimate?, latency: SweepReport.Latency?)
    case outOfReach(String)
  }

  init(_ identity: SweepIdentity, _ entry: SweepGrid.Entry, _ outcome: Outcome) {
    self.identity = identity
    (name, options, recipe) = (entry.name, entry.options, entry.recipe)
    self.outcome = outcome
  }

  var json: JSON {
    var members: JSONObject = [
      "schema": .int(SweepRecord.schema), "sweep": identity.json, "name": .string(name), "options": .strings(options),
      "recipe": recipe.json,
    ]
    switch outcome {
    case .bundle(let sha256, let report, let cost, let latency):
      members["bundle_sha256"] = .string(sha256)
      members["report_sha256"] = .string(report)
      members["cost"] = cost?.json ?? .null
      members["latency"] = latency?.record ?? .null
    case .outOfReach(let reason): members["out_of_reach"] = .string(reason)
    }
    return .object(members)
  }

  init(_ node: JSONNode) throws(JSONError) {
    guard try node["schema"].int() == SweepRecord.schema else {
      throw try node["schema"].error("is not known; this dermc reads schema \(SweepRecord.schema)")
    }
    identity = try SweepIdentity(node["sweep"])
    name = try node["name"].string()
    options = try node["options"].strings()
    recipe = try Recipe(node["recipe"])
    if let reason = try node.optional("out_of_reach") {
      outcome = .outOfReach(try reason.string())
      return
    }
    var cost: Estimate?
    if let node = try node.optional("cost"), let value = try node.optional("value")?.double() {
      cost = Estimate(value, low: try node.optional("low")?.double(), high: try node.optional("high")?.double())
    }
    outcome = .bundle(
      sha256: try node["bundle_sha256"].string(), report: try node["report_sha256"].string(), cost: cost,
      latency: try node.optional("latency").map { (node) throws(JSONError) in try SweepReport.Latency(record: node) })
  }
}

extension SweepReport.Latency {
  /// In seconds.
  fileprivate var record: JSON {
    [
      "compiled": [.double(compiled.best), .double(compiled.median)],
      "float": [.double(float.best), .double(float.median)], "isa": .string(instructionSet),
    ]
  }

  fileprivate init(record node: JSONNode) throws(JSONError) {
    func times(_ key: String) throws(JSONError) -> Times {
      let numbers = try node[key].doubles()
      guard numbers.count == 2 else { throw try node[key].error("expected the best and the median time") }
      return Times(best: numbers[0], median: numbers[1])
    }
    self.init(compiled: try times("compiled"), float: try times("float"), instructionSet: try node["isa"].string())
  }
}

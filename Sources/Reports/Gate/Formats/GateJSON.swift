import CanonicalJSON
import Metrics

extension GateFormat {
  /// Everything, for programs: docs/json.md names the fields.
  static let json = GateFormat(name: "json", summary: "everything, for programs") { run in
    let json: JSON = [
      "schema": 1, "dermc": .string(run.dermc), "passes": .bool(run.passes),
      "reports": .array(run.items.map(\.json)),
    ]
    return String(decoding: json.prettyBytes(), as: UTF8.self)
  }
}

extension GateRun.Item {
  fileprivate var json: JSON {
    [
      "report": .string(report), "model": .string(model), "budget": .string(budget),
      "baseline": baseline.map { .string($0) } ?? .null, "passes": .bool(gate.passes),
      "checks": .array(gate.checks.map(\.json)),
    ]
  }
}

extension Gate.Check {
  fileprivate var json: JSON {
    var members: JSONObject = [
      "limit": .string(key), "of": subject.map { .string($0) } ?? .null, "passes": .bool(passes),
      "value": .finite(value), "allowed": .finite(limit), "unit": .string(unit.rawValue), "text": .string(text),
      "line": .int(place),
    ]
    if let change { members["change"] = change.json }
    members["against_baseline"] = .bool(isChange)
    return .object(members)
  }
}

extension Gate.Change {
  var json: JSON {
    [
      "baseline": .finite(baseline), "loss": .finite(loss.value), "low": .finite(loss.low),
      "high": .finite(loss.high), "p": .finite(p), "method": .string(method),
      "may_be_chance": mayBeChance.map { .bool($0) } ?? .null,
    ]
  }
}

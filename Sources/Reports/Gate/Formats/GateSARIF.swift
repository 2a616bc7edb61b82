import CanonicalJSON
import Tensors
import Texts

extension GateFormat {
  /// SARIF 2.1.0 (OASIS), as code scanning reads it: a rule for each kind of limit, a result for each limit of a
  /// budget, at its line.
  static let sarif = GateFormat(name: "sarif", summary: "SARIF 2.1.0, for code scanning") { run in
    var rules: [String] = []
    for check in run.items.flatMap(\.gate.checks) where !rules.contains(check.rule) { rules.append(check.rule) }
    let results = run.items.flatMap { item in
      item.gate.checks.map { result($0, item, rules.firstIndex(of: $0.rule) ?? 0) }
    }
    let driver: JSON = [
      "name": "dermc", "version": .string(run.dermc),
      "rules": .array(
        rules.map { rule in
          ["id": .string(rule), "shortDescription": ["text": .string("The limit \(rule) of a budget is kept.")]]
        }),
    ]
    let json: JSON = [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [["tool": ["driver": driver], "columnKind": "unicodeCodePoints", "results": .array(results)]],
    ]
    return String(decoding: json.prettyBytes(), as: UTF8.self)
  }

  private static func result(_ check: Gate.Check, _ item: GateRun.Item, _ rule: Int) -> JSON {
    [
      "ruleId": .string(check.rule), "ruleIndex": .int(rule), "kind": .string(check.passes ? "pass" : "fail"),
      "level": .string(check.passes ? "none" : "error"),
      "message": ["text": .string("\(Printable.name(item.model)): \(check.text)")],
      "locations": [
        [
          "physicalLocation": [
            "artifactLocation": ["uri": .string(uri(item.budget))], "region": ["startLine": .int(check.place)],
          ]
        ]
      ],
      "partialFingerprints": ["dermcGate/v1": .string(check.fingerprint(item))],
    ]
  }

  /// A path as a reference (RFC 3986), its bytes but the unreserved ones and slashes in percents.
  static func uri(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var uri = path.hasPrefix("/") ? "file://" : ""
    for byte in FileName.bytes(path) {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default: uri += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
    return uri
  }
}

extension Gate.Check {
  /// The kind of limit, with `against_baseline.` before those on changes.
  var rule: String { isChange ? "\(Budget.changesKey).\(key)" : key }

  /// The same for one limit of one model from run to run.
  func fingerprint(_ item: GateRun.Item) -> String { "\(Printable.name(item.model)): \(name)" }
}

/// A form in which the outcome of gates is written. Adding one is a file in `Formats` and a line in `GateFormat.all`.
package struct GateFormat: Sendable {
  package let name: String
  /// For help.
  package let summary: String
  package let make: @Sendable (GateRun) -> String

  package static let all: [GateFormat] = [
    .text, .json, .junit, .sarif, .github, .gitlab, .markdown, .badge,
  ]

  package static func named(_ name: String) -> GateFormat? { all.first { $0.name == name } }
}

extension GateRun {
  /// `12 limits kept`, `2 of 12 limits broken`, of all reports together.
  var verdict: String {
    let checks = items.flatMap(\.gate.checks)
    let failed = checks.count { !$0.passes }
    let all = Figures.count(checks.count, "limit")
    return failed == 0 ? "\(all) kept" : "\(Figures.grouped(failed)) of \(all) broken"
  }

  /// Every limit that is broken, with what it was checked on.
  var failures: [(item: Item, check: Gate.Check)] {
    items.flatMap { item in item.gate.failures.map { (item, $0) } }
  }
}

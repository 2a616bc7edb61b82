import Texts

/// Checks as lines for a terminal: of several reports each after its name.
package enum GateText {
  package static func make(_ run: GateRun) -> String {
    guard run.items.count > 1 else { return run.items.map(\.gate.text).joined() }
    return run.items.map { "\(Printable.name($0.report, limit: .max))\n\($0.gate.text)" }.joined(separator: "\n")
  }
}

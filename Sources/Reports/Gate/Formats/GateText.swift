import Texts

extension GateFormat {
  /// Lines for a terminal: of several reports each after its name.
  package static let text = GateFormat(name: "text", summary: "lines for people") { run in
    guard run.items.count > 1 else { return run.items.map(\.gate.text).joined() }
    return run.items.map { "\(Printable.name($0.report, limit: .max))\n\($0.gate.text)" }.joined(separator: "\n")
  }
}

import Texts

extension GateFormat {
  /// A table for each report, as comments of merge requests and job summaries show it.
  package static let markdown = GateFormat(name: "markdown", summary: "a table, for comments and summaries") { run in
    var blocks = ["## dermc gate: \(run.verdict)"]
    for item in run.items {
      if run.items.count > 1 || item.baseline != nil {
        let baseline = item.baseline.map { ", against \(MarkdownWriter.escaped(Printable.name($0, limit: .max)))" }
        blocks.append(
          "**\(MarkdownWriter.escaped(Printable.name(item.report, limit: .max)))**\(baseline ?? "")")
      }
      let rows = item.gate.checks.map { check in
        let cells =
          [check.passes ? "ok" : "**broken**"]
          + [check.name, check.measured, check.budget].map(
            MarkdownWriter.escaped)
        return "| \(cells.joined(separator: " | ")) |"
      }
      blocks.append((["| | limit | measured | budget |", "|---|---|---|---|"] + rows).joined(separator: "\n"))
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }
}

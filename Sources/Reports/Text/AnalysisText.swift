import Texts

/// What `dermc analyze` prints for people.
package enum AnalysisText {
  /// The worst places, what all cost together, and what to do; a line feed at the end.
  ///
  /// - Parameter rows: how many places to list
  package static func make(_ report: AnalysisReport, rows: Int) -> String {
    var lines = [
      "\(Printable.name(report.model, limit: 200)) in int8, ranges by \(report.estimator)"
        + (report.equalizedText.map { ", \($0)" } ?? "") + ": what each rounding costs alone",
      "\(report.unit), mean over \(Figures.count(report.samples, "sample")) ± its standard error", "",
    ]
    lines += table(report, rows: rows).lines(indent: 2)
    let hidden = report.ranking.count - min(rows, report.ranking.count)
    if hidden > 0 { lines.append("  and \(Figures.count(hidden, "place")) that cost less") }
    lines += [""] + totals(report).lines(indent: 2)
    for place in report.places where place.foretold == nil {
      lines.append("unknown  \(place.kind.rawValue) of \(name(place.name)): \(place.reason)")
    }
    lines += [""] + report.advice.map { "- \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func table(_ report: AnalysisReport, rows: Int) -> TextTable {
    var table = TextTable([
      ("place", .left), ("operator", .left), ("rounded", .left), ("foretold", .right), ("share", .right),
      ("cumulated", .right), ("measured", .right),
    ])
    var cumulated = 0.0
    for index in report.ranking.prefix(rows) {
      let place = report.places[index]
      let share = report.sum > 0 ? report.cost(index) / report.sum : 0
      cumulated += share
      table.add([
        name(place.name), place.op, place.kind.rawValue, place.foretold?.text ?? "–", Figures.percent(share),
        Figures.percent(cumulated), place.measured?.text ?? "",
      ])
    }
    return table
  }

  private static func totals(_ report: AnalysisReport) -> TextTable {
    var table = TextTable([("", .left), ("", .right), ("", .left)])
    table.add(["all weights", report.weights.text, "foretold"])
    table.add(["all values", report.values.text, "foretold"])
    table.add(["everything", report.together.text, "foretold"])
    let agreement = report.agreement.map { ", \(Figures.percent($0)) decided alike" } ?? ""
    table.add(["int8", report.measured.text, "measured\(agreement)"])
    return table
  }

  private static func name(_ name: String) -> String { Printable.name(name, limit: 48) }
}

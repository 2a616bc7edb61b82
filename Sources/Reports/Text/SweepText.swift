import Metrics
import Texts

/// What `dermc sweep` prints for people.
package enum SweepText {
  /// A line for each point, the smallest first; what is out of reach, and what to know before choosing; a line feed at
  /// the end.
  ///
  /// - Parameter files: paths of what was written of all points
  package static func make(_ report: SweepReport, files: [String] = []) -> String {
    let name = Printable.name(report.source.file, limit: 200)
    var lines = ["\(name), \(Figures.bytes(report.source.bytes)): \(subject(report))", ""]
    lines += table(report).lines(indent: 2)
    lines.append("")
    for measure in SweepReport.Measure.allCases {
      let front = report.front(measure).map { report.points[$0].name }
      if !front.isEmpty { lines.append("front of size and \(measure.words(report)): \(front.joined(separator: ", "))") }
    }
    for point in report.points {
      if let reason = point.reason {
        lines.append("out of reach: \(point.name): \(Printable.name(reason, limit: 400))")
      }
    }
    lines += report.warnings.map { "warning: \(Printable.name($0, limit: 400))" }
    for point in report.points {
      let warnings = report.warnings(of: point).count
      if warnings > 0 { lines.append("\(point.name): \(Figures.count(warnings, "warning")), see its report") }
    }
    lines.append("note: \(SweepReport.note)")
    if !files.isEmpty {
      lines.append("written: \(files.map { Printable.name($0, limit: 400) }.joined(separator: ", "))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// How many bundles there are, and what they were measured on.
  static func subject(_ report: SweepReport) -> String {
    let bundles = Figures.count(report.points.count { $0.bundle != nil }, "bundle")
    guard let accuracy = report.accuracy else { return bundles }
    return "\(bundles), measured on \(Figures.count(accuracy.samples, accuracy.data.noun))"
  }

  private static func table(_ report: SweepReport) -> TextTable {
    let isLabelled = report.accuracy?.compiled?.macroF1 != nil
    let isTimed = report.points.contains { $0.bundle?.latency != nil }
    var columns: [(String, TextTable.Alignment)] = [
      ("bundle", .left), ("size", .right), ("smaller", .right), (report.costName, .right), ("(95 %)", .left),
      ("agreement", .right),
    ]
    if isLabelled { columns += [("macro-F1", .right), ("change", .left)] }
    if isTimed { columns += [("ms", .right), ("of float", .right)] }
    var table = TextTable(columns + [("on fronts", .left)])
    for (position, point) in report.points.enumerated() {
      guard let bundle = point.bundle, let bytes = point.bytes else { continue }
      let accuracy = bundle.report.accuracy
      var cells = [
        point.name, Figures.bytes(bytes), Figures.factor(report.source.bytes, bytes), report.cost(bundle.cost?.value),
        report.costRange(bundle.cost), Figures.percent(accuracy?.agreement?.value),
      ]
      if isLabelled {
        cells += [Figures.percent(accuracy?.compiled?.macroF1), Figures.points(accuracy?.deltas?.macroF1)]
      }
      if isTimed {
        cells += [
          Figures.decimal(bundle.latency.map { 1000 * $0.compiled.best }, 2),
          Figures.decimal(bundle.latency?.ratio, 2),
        ]
      }
      table.add(cells + [report.fronts(of: position).map { $0.short(report) }.joined(separator: ", ")])
    }
    return table
  }
}

extension SweepReport {
  /// What a cost is called.
  var costName: String { isDivergence ? "KL" : "error" }

  func cost(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "–" }
    return value <= 0 ? "0" : Figures.significant(value)
  }

  /// The interval of a cost, in brackets; empty where there is none.
  func costRange(_ estimate: Estimate?) -> String {
    guard let low = estimate?.low, let high = estimate?.high, low < high else { return "" }
    return "(\(cost(low)) … \(cost(high)))"
  }
}

extension SweepReport.Measure {
  /// In a sentence.
  func words(_ report: SweepReport) -> String {
    switch self {
    case .cost: report.isDivergence ? "divergence" : "error"
    case .macroF1: "macro-F1"
    case .latency: "latency"
    }
  }

  /// In a table.
  func short(_ report: SweepReport) -> String {
    switch self {
    case .cost: report.costName
    case .macroF1: "F1"
    case .latency: "time"
    }
  }
}

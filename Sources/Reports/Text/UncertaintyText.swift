import Metrics
import Texts

/// What is said of how sure answers are where there is room for a few lines.
package enum UncertaintyText {
  /// The same below a table of figures, after an empty line.
  package static func block(_ report: UncertaintyReport) -> String {
    "\nsureness  " + lines(report).joined(separator: "\n          ") + "\n"
  }

  static func lines(_ report: UncertaintyReport) -> [String] {
    let images = Figures.count(report.data.count, "image")
    let part = report.isSplit ? ", a share of the folder" : ""
    let fitted = "temperature \(Figures.decimal(report.temperature, 3)), fitted on \(images)\(part)"
    guard let measured = report.measured else { return [fitted] }
    let figures = measured.compiled.figures
    func change(_ before: CertaintyMeasure, _ after: CertaintyMeasure) -> String {
      [figures[before], figures[after]].compactMap { $0 }.map { Figures.percent($0.value) }.joined(separator: " → ")
    }
    var lines = ["\(fitted): calibration error \(change(.statedECE, .ece))"]
    let size = figures[.setSize].map { ", \(Figures.decimal($0.value, 2)) classes on average" } ?? ""
    var sets =
      "sets (\(report.method ?? ""), \(Figures.percent(report.coverage, 0))) hold the right class in "
      + "\(Figures.percent(figures[.coverage]))\(size)"
    let covered = zip(report.classes, measured.compiled.classes).compactMap { name, entry in
      entry.coverage.map { (name: name, coverage: $0) }
    }
    if let least = covered.min(by: { $0.coverage.value < $1.coverage.value }) {
      sets += "; least often of \(Printable.name(least.name, limit: 40)), \(Figures.percent(least.coverage))"
    }
    lines.append(sets)
    if let answered = figures[.answered] {
      let asked = report.risk.map { " (asked for: at most \(Figures.percent($0)))" } ?? ""
      let wrong = figures[.risk].map { ", wrong in \(Figures.percent($0))\(asked)" } ?? ""
      lines.append("answers \(Figures.percent(answered.value)) of images\(wrong)")
    }
    return lines
  }
}

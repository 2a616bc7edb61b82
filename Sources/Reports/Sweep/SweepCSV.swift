import Metrics
import Texts

/// The points of a sweep as a table for other programs: a header, and a line for each.
package enum SweepCSV {
  package static func make(_ report: SweepReport) -> String {
    let classes = report.accuracy?.recalls.map(\.name) ?? []
    var head = [
      "name", "options", "bytes", "ratio", "cost", "cost_low", "cost_high", "agreement", "agreement_low",
      "agreement_high", "top1", "macro_f1", "macro_f1_change", "macro_f1_change_low", "macro_f1_change_high",
      "latency_ms", "float_latency_ms", "latency_ratio",
    ]
    head += SweepReport.Measure.allCases.map { "front_\($0.rawValue)" }
    head += classes.flatMap { name in
      ["recall_\(name)"] + ["", "_low", "_high"].map { "recall_change_\(name)\($0)" }
    }
    var text = CSVLine.make(head + ["out_of_reach", "note"])
    for (position, point) in report.points.enumerated() {
      text += CSVLine.make(line(point, report.fronts(of: position), classes, report.source.bytes))
    }
    return text
  }

  private static func line(
    _ point: SweepReport.Point, _ fronts: [SweepReport.Measure], _ classes: [String], _ sourceBytes: Int
  ) -> [String] {
    let (bundle, accuracy) = (point.bundle, point.bundle?.report.accuracy)
    var fields = [point.name, point.options.joined(separator: " "), point.bytes.map { "\($0)" } ?? ""]
    fields.append(number(point.bytes.map { Double(sourceBytes) / Double(max(1, $0)) }))
    fields += estimate(bundle?.cost) + estimate(accuracy?.agreement)
    fields += [number(accuracy?.compiled?.top1), number(accuracy?.compiled?.macroF1)]
    fields += estimate(accuracy?.deltas?.macroF1)
    let latency = bundle?.latency
    fields += [
      number(latency.map { 1000 * $0.compiled.best }), number(latency.map { 1000 * $0.float.best }),
      number(latency?.ratio),
    ]
    fields += SweepReport.Measure.allCases.map { bundle == nil ? "" : fronts.contains($0) ? "1" : "0" }
    let recalls = accuracy?.recalls ?? []
    for name in classes {
      let recall = recalls.first { $0.name == name }
      fields += [number(recall?.compiled)] + estimate(recall?.change)
    }
    return fields + [point.reason ?? "", SweepReport.note]
  }

  private static func estimate(_ estimate: Estimate?) -> [String] {
    [number(estimate?.value), number(estimate?.low), number(estimate?.high)]
  }

  /// A number as it was computed; empty where there is none.
  private static func number(_ value: Double?) -> String { value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "" }
}

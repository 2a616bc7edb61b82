import Metrics
import Texts

extension Document {
  /// The few figures that are read first.
  static func tiles(_ report: Report) -> [Tile] {
    var tiles = report.accuracy.map(answers) ?? []
    if let bundle = report.bundle {
      let (before, after) = (report.source.bytes, bundle.bytes)
      let change = after <= before ? "\(Figures.factor(before, after)) smaller" : "larger"
      tiles.append(Tile(label: "Size", value: Figures.bytes(after), note: "was \(Figures.bytes(before)); \(change)"))
    }
    return tiles
  }

  private static func answers(_ accuracy: AccuracyReport) -> [Tile] {
    var tiles: [Tile] = []
    if let binary = accuracy.binary {
      tiles += [tile(.sensitivity, binary), tile(.specificity, binary), tile(.rocAUC, binary)].compactMap { $0 }
    } else if let labels = accuracy.multilabel {
      tiles += [labels.macro.flatMap { tile(.sensitivity, $0, ", mean of labels") }].compactMap { $0 }
      tiles += [accuracy.worstRecall.map { worst($0, "Most sensitivity lost") }].compactMap { $0 }
    } else {
      if let top1 = accuracy.compiled?.top1 {
        tiles.append(tile("Top-1 accuracy", accuracy.float?.top1, top1, accuracy.deltas?.top1))
      }
      tiles += [accuracy.worstRecall.map { worst($0, "Most recall lost") }].compactMap { $0 }
    }
    if let agreement = accuracy.agreement {
      tiles.append(
        Tile(
          label: "Agreement with float", value: Figures.percent(agreement.value),
          note: "on \(Figures.count(accuracy.samples, accuracy.data == .labelled ? "image" : "sample"))"))
    }
    if accuracy.compiled == nil, let level = accuracy.outputLevel {
      tiles.append(Tile(label: "Output SQNR", value: level, note: "40 dB is an error of a hundredth"))
    }
    return tiles
  }

  private static func tile(_ measure: BinaryMeasure, _ report: BinaryComparison, _ of: String = "") -> Tile? {
    guard let value = report.compiled.values[measure] else { return nil }
    let name = AnswersText.name(measure)
    return tile(
      name.prefix(1).uppercased() + String(name.dropFirst()) + of, report.float?.values[measure], value,
      report.deltas[measure])
  }

  private static func tile(_ label: String, _ before: Double?, _ after: Double, _ delta: Estimate?) -> Tile {
    let was = before.map { "was \(Figures.percent($0)); " } ?? ""
    return Tile(
      label: label, value: Figures.percent(after), note: was + Figures.points(delta), tone: Findings.tone(delta))
  }

  private static func worst(
    _ worst: (delta: ClassEstimates, before: ClassAccuracy?, after: ClassAccuracy?), _ label: String
  ) -> Tile {
    let note = [worst.before?.recall, worst.after?.recall].map { Figures.percent($0) }.joined(separator: " → ")
    let value = worst.delta.recall.map { Figures.signed(100 * $0.value, 1) + " pp" } ?? "–"
    return Tile(
      label: label, value: "\(Printable.name(worst.delta.name, limit: 16)) \(value)",
      note: note + (worst.before.map { " of \(Figures.count($0.support, "image"))" } ?? ""),
      tone: Findings.tone(worst.delta.recall))
  }
}

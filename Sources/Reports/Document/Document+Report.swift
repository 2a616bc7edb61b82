import Texts

extension Document {
  /// The whole report, for a doctor first: the diagnosis, then size, then how it was done.
  init(_ report: Report) {
    let names = [report.source.file, report.bundle?.file].compactMap { $0 }
    self.init(title: names.map { Printable.name($0) }.joined(separator: " → "))
    lead = Findings.sentences(report)
    warnings = report.warnings.map { Printable.name($0, limit: 400) }
    tiles = Document.tiles(report)
    if let accuracy = report.accuracy { sections.append(.diagnosis(accuracy)) }
    sections.append(.size(report))
    if !report.layers.isEmpty { sections.append(.layers(report)) }
    if !report.passes.isEmpty { sections.append(.passes(report)) }
    sections.append(.provenance(report))
  }

  private static func tiles(_ report: Report) -> [Tile] {
    var tiles: [Tile] = []
    if let accuracy = report.accuracy {
      if let top1 = accuracy.compiled?.top1 {
        let before = accuracy.float?.top1.map { "was \(Figures.percent($0)); " } ?? ""
        let delta = accuracy.deltas?.top1
        tiles.append(
          Tile(
            label: "Top-1 accuracy", value: Figures.percent(top1), note: before + Figures.points(delta),
            tone: Findings.tone(delta)))
      }
      if let worst = accuracy.worstRecall {
        let note = [worst.before?.recall, worst.after?.recall].map { Figures.percent($0) }.joined(separator: " → ")
        let value = worst.delta.recall.map { Figures.signed(100 * $0.value, 1) + " pp" } ?? "–"
        tiles.append(
          Tile(
            label: "Most recall lost", value: "\(Printable.name(worst.delta.name, limit: 16)) \(value)",
            note: note + (worst.before.map { " of \(Figures.count($0.support, "image"))" } ?? ""),
            tone: Findings.tone(worst.delta.recall)))
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
    }
    if let bundle = report.bundle {
      let (before, after) = (report.source.bytes, bundle.bytes)
      let change = after <= before ? "\(Figures.factor(before, after)) smaller" : "larger"
      tiles.append(Tile(label: "Size", value: Figures.bytes(after), note: "was \(Figures.bytes(before)); \(change)"))
    }
    return tiles
  }
}

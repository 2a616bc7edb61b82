import Texts

extension Document {
  /// The whole report, for a doctor first: the diagnosis, then what was compiled, then how it was done.
  init(_ report: Report, _ illustrations: ReportIllustrations = ReportIllustrations()) {
    let names = [report.source.file, report.bundle?.file].compactMap { $0 }
    self.init(title: names.map { Printable.name($0) }.joined(separator: " → "))
    lead = Findings.sentences(report)
    warnings = report.warnings.map { Printable.name($0, limit: 400) }
    tiles = Document.tiles(report)
    if let accuracy = report.accuracy {
      sections.append(.diagnosis(accuracy))
      if !accuracy.subgroups.isEmpty { sections.append(.subgroups(accuracy)) }
      if let curves = accuracy.curves { sections.append(.curves(curves, accuracy)) }
    }
    if let uncertainty = report.uncertainty { sections.append(.uncertainty(uncertainty)) }
    if let explanations = report.explanations { sections.append(.explanations(explanations, illustrations.maps)) }
    if let changed = illustrations.changed { sections.append(.changedImages(changed, report.accuracy)) }
    sections.append(.compiled(report, assumption: illustrations.assumption))
    sections.append(.size(report, illustrations.latency))
    if !report.layers.isEmpty { sections.append(.layers(report)) }
    if !report.passes.isEmpty { sections.append(.passes(report)) }
    sections.append(.provenance(report))
  }
}

import Metrics
import Texts

/// What `dermc sweep` found as one page that needs nothing else.
package enum SweepPage {
  package static func make(_ report: SweepReport) -> String {
    HTMLPage.write(Document(report), generator: "dermc \(report.dermc)")
  }
}

extension Document {
  /// For whoever chooses a bundle: what there is to choose from, and what each choice loses in which class.
  init(_ report: SweepReport) {
    let name = Printable.name(report.source.file)
    self.init(title: "\(name): \(Figures.count(report.points.count { $0.bundle != nil }, "bundle")) to choose from")
    kind = "Sweep of recipes"
    lead = Document.lead(report)
    warnings = report.warnings.map { Printable.name($0, limit: 400) }
    tiles = Document.tiles(report)
    sections.append(.choice(report))
    if report.accuracy?.compiled != nil { sections.append(.recalls(report)) }
    let missing = report.points.filter { $0.bundle == nil }
    if !missing.isEmpty {
      let items = missing.map { "\($0.name): \(Printable.name($0.reason ?? "", limit: 400))" }
      sections.append(Section(title: "Out of reach", blocks: [.list(items)]))
    }
    let warnings = report.points.flatMap { point in report.warnings(of: point).map { "\(point.name): \($0)" } }
    if !warnings.isEmpty {
      let items = warnings.map { Printable.name($0, limit: 400) }
      sections.append(Section(title: "Warnings of single bundles", blocks: [.list(items)]))
    }
    sections.append(.recipes(report))
  }

  private static func lead(_ report: SweepReport) -> [String] {
    var sentences = ["\(SweepText.subject(report))."]
    let front = report.front(.cost).map { report.points[$0] }
    if let first = front.first, let last = front.last, front.count > 1 {
      sentences.append(
        "\(Figures.grouped(front.count)) of them are on the front, where what is smaller answers less like the float "
          + "model: from \(first.name) to \(last.name).")
    }
    return sentences
  }

  private static func tiles(_ report: SweepReport) -> [Tile] {
    var tiles: [Tile] = []
    func tile(_ label: String, _ point: SweepReport.Point?, _ note: String) {
      guard let point, let bytes = point.bytes else { return }
      let size = "\(Figures.bytes(bytes)), \(Figures.factor(report.source.bytes, bytes)) smaller"
      tiles.append(Tile(label: label, value: point.name, note: "\(size); \(note)"))
    }
    let smallest = report.points.first { $0.bundle != nil }
    tile(
      "Smallest", smallest,
      "agreement \(Figures.percent(smallest?.bundle?.report.accuracy?.agreement?.value))")
    if report.accuracy?.deltas != nil {
      tile(
        "Smallest without a proven loss",
        report.points.first { $0.bundle?.report.accuracy?.provenLosses.isEmpty == true },
        "no class lost recall beyond chance, which may hide more in small classes")
    }
    let nearest = report.front(.cost).last.map { report.points[$0] }
    tile("Nearest to float", nearest, "\(report.costName) \(report.cost(nearest?.bundle?.cost?.value))")
    return tiles
  }
}

extension Document.Section {
  /// The fronts, drawn and as a table.
  fileprivate static func choice(_ report: SweepReport) -> Document.Section {
    var section = Document.Section(title: "Size, answers and time")
    section.blocks.append(.notice(SweepReport.note.prefix(1).uppercased() + SweepReport.note.dropFirst() + "."))
    let figures = [cost(report), macroF1(report), latency(report)].compactMap { $0 }
    if !figures.isEmpty { section.blocks.append(.figures(figures.map { .scatter($0) })) }
    section.blocks.append(.table(table(report)))
    var terms = [report.isDivergence ? Terms.divergence : Terms.outputSQNR, Terms.agreement]
    if report.accuracy?.compiled?.macroF1 != nil { terms += [Terms.macroF1, Terms.change] }
    section.blocks.append(.terms(terms))
    if let bundle = report.points.lazy.compactMap(\.bundle).first(where: { $0.latency != nil }),
      let latency = bundle.latency
    {
      section.blocks.append(
        .paragraph(
          "Times are the best of many runs of one image on one thread of the machine that swept "
            + "(\(latency.instructionSet)), in turn with the float model, which took "
            + "\(Figures.decimal(1000 * latency.float.best, 2)) ms. They differ a little from run to run."))
    }
    return section
  }

  // MARK: Figures

  private static func figure(
    _ report: SweepReport, _ measure: SweepReport.Measure, _ title: String, _ caption: String,
    up name: String, _ scale: Axis.Scale, includesZero: Bool = false, text: @escaping @Sendable (Double) -> String,
    _ estimate: (SweepReport.Bundle) -> Estimate?
  ) -> Document.ScatterFigure? {
    let front = report.front(measure)
    guard !front.isEmpty else { return nil }
    var points: [Document.ScatterFigure.Point] = []
    for (position, point) in report.points.enumerated() {
      guard let bytes = point.bytes, let value = point.bundle.flatMap(estimate), value.value.isFinite else { continue }
      points.append(
        Document.ScatterFigure.Point(
          label: "\(position + 1)", x: Double(bytes), y: value.value, low: value.low, high: value.high,
          isOnFront: front.contains(position)))
    }
    let values = points.flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }
    let words = front.map { position in
      let point = report.points[position]
      let value = point.bundle.flatMap(estimate).map { text($0.value) } ?? "–"
      return "\(point.name) \(Figures.bytes(point.bytes ?? 0)), \(value)"
    }
    return Document.ScatterFigure(
      title: title, caption: caption, description: "\(title). On the front: \(words.joined(separator: "; ")).",
      across: Document.ScatterFigure.Side(
        name: "size of the bundle", axis: Axis(.logarithmic, points.map(\.x)), text: { Figures.bytes(Int($0)) }),
      up: Document.ScatterFigure.Side(
        name: name, axis: Axis(scale, values, includesZero: includesZero), text: text),
      points: points)
  }

  private static func cost(_ report: SweepReport) -> Document.ScatterFigure? {
    figure(
      report, .cost, report.isDivergence ? "Size and divergence from float" : "Size and error",
      "Further down answers are more like the float model's, further left files are smaller. "
        + "Numbers are rows of the table below.",
      up: report.costName, .logarithmic, text: { $0 <= 0 ? "0" : Figures.significant($0, 1) },
      \.cost)
  }

  private static func macroF1(_ report: SweepReport) -> Document.ScatterFigure? {
    figure(
      report, .macroF1, "Size and change of macro-F1",
      "Further up is better. An interval that reaches over 0 may be chance; the front follows the values alone.",
      up: "change of macro-F1", .linear, text: { "\(Figures.signed(100 * $0, 1)) pp" },
      { $0.report.accuracy?.deltas?.macroF1 })
  }

  private static func latency(_ report: SweepReport) -> Document.ScatterFigure? {
    figure(
      report, .latency, "Size and time for an image",
      "Further down is faster. Bundles of one precision take the same time, and differ by chance.",
      up: "milliseconds", .linear, includesZero: true, text: { "\(Figures.decimal($0, $0 < 10 ? 1 : 0)) ms" },
      { $0.latency.map { Estimate(1000 * $0.compiled.best) } })
  }

  // MARK: Tables

  private static func table(_ report: SweepReport) -> Document.Table {
    let isLabelled = report.accuracy?.compiled?.macroF1 != nil
    let isTimed = report.points.contains { $0.bundle?.latency != nil }
    var columns: [Document.Column] = [
      .text("Bundle"), .number("Size"), .number("Smaller"), .number(report.costName), .number("Agreement"),
    ]
    if isLabelled { columns += [.number("Macro-F1"), .text("Change")] }
    if isTimed { columns += [.number("Time"), .number("Of float")] }
    var table = Document.Table("All bundles, the smallest first", columns + [.text("On fronts of size and")])
    let bundles = report.points.compactMap(\.bundle)
    let scale = Document.scale(bundles.map { $0.report.accuracy?.deltas?.macroF1 })
    for (position, point) in report.points.enumerated() {
      guard let bundle = point.bundle, let bytes = point.bytes else { continue }
      let accuracy = bundle.report.accuracy
      let range = report.costRange(bundle.cost)
      var cells: [Document.Cell] = [
        .text("\(position + 1)  \(point.name)"), .text(Figures.bytes(bytes)),
        .text(Figures.factor(report.source.bytes, bytes)),
        .text([report.cost(bundle.cost?.value), range].filter { !$0.isEmpty }.joined(separator: " ")),
        .text(Figures.percent(accuracy?.agreement)),
      ]
      if isLabelled {
        cells += [
          .text(Figures.percent(accuracy?.compiled?.macroF1)), .change(accuracy?.deltas?.macroF1, scale: scale),
        ]
      }
      if isTimed {
        cells += [
          .text(bundle.latency.map { "\(Figures.decimal(1000 * $0.compiled.best, 2)) ms" } ?? "–"),
          .text(Figures.decimal(bundle.latency?.ratio, 2)),
        ]
      }
      let fronts = report.fronts(of: position).map { $0.words(report) }
      table.rows.append(cells + [.text(fronts.joined(separator: ", "))])
    }
    return table
  }

  /// What each bundle changes in each class.
  fileprivate static func recalls(_ report: SweepReport) -> Document.Section {
    var section = Document.Section(title: "Recall of each class")
    section.blocks.append(.terms([Terms.recall, Terms.change]))
    let classes = report.accuracy?.recalls ?? []
    let all = report.points.flatMap { $0.bundle?.report.accuracy?.recalls ?? [] }
    let scale = Document.scale(all.map { Document.Measured($0.change, samples: $0.support) })
    var tables: [Document.Block] = []
    for (index, first) in classes.enumerated() {
      var table = Document.Table(
        "\(Printable.name(first.name, limit: 40)), \(Figures.count(first.support, "image"))",
        [.text("Bundle"), .number("Size"), .number("Float"), .number("Compiled"), .text("Change")])
      for point in report.points {
        guard let recalls = point.bundle?.report.accuracy?.recalls, recalls.indices.contains(index) else { continue }
        table.rows.append([
          .text(point.name), .text(Figures.bytes(point.bytes ?? 0)), .text(Figures.percent(recalls[index].float)),
          .text(Figures.percent(recalls[index].compiled)), .change(recalls[index].change, scale: scale),
        ])
      }
      tables.append(.table(table))
    }
    // More are not read on a page.
    let shown = 16
    section.blocks += tables.prefix(shown)
    if tables.count > shown {
      section.blocks.append(
        .folded("\(Figures.grouped(tables.count - shown)) more classes", Array(tables.dropFirst(shown))))
    }
    return section
  }

  /// How each bundle is made, and of what.
  fileprivate static func recipes(_ report: SweepReport) -> Document.Section {
    var section = Document.Section(title: "How each was made")
    var table = Document.Table("Options of dermc compile", [.text("Bundle"), .text("Options"), .text("SHA-256")])
    for point in report.points {
      let options = point.options.joined(separator: " ")
      table.rows.append([
        .text(point.name), .code(options.isEmpty ? "–" : options), .code(point.bundle?.report.bundle?.sha256 ?? "–"),
      ])
    }
    section.blocks.append(.table(table))
    var sources = Document.Table("From", [.text(""), .number("Samples"), .text("SHA-256")])
    sources.rows.append(["Model", "", .code(Printable.name(report.source.sha256))])
    let reports = report.points.compactMap { $0.bundle?.report }
    let calibration = reports.lazy.compactMap(\.calibrationData).max { $0.count < $1.count }
    for (name, data) in [("Calibration", calibration), ("Evaluation", reports.lazy.compactMap(\.evaluationData).first)]
    {
      guard let data else { continue }
      sources.rows.append([.text(name), .text(Figures.grouped(data.count)), .code(Printable.name(data.sha256))])
    }
    section.blocks.append(.table(sources))
    return section
  }
}

import Metrics
import Texts

extension Document.Section {
  /// Whether the compiled model looks where the float model looks: for a doctor, in words first.
  ///
  /// - Parameter pictures: of the images that differ most, in their order
  static func explanations(_ report: ExplanationFidelity, _ pictures: [MapPictures?]) -> Document.Section {
    var section = Document.Section(title: "Where it looks")
    section.blocks.append(.paragraph(words(report)))
    if let otherwise = report.otherwise {
      section.blocks.append(
        .notice(
          "\(otherwise). A map is empty where no place speaks for the class. An image that only one model has a map of "
            + "counts with a correlation and an overlap of 0, and has no centre that could move."))
    }
    guard report.all.images > 0 else { return section }
    section.blocks += [.table(table(report)), .terms(terms)]
    section.blocks.append(.table(worst(report, pictures)))
    return section
  }

  private static func words(_ report: ExplanationFidelity) -> String {
    let images = Figures.count(report.all.images, "evaluation image")
    let grid = "\(report.compiledGrid.height)x\(report.compiledGrid.width)"
    let drawn = report.groups.map { ", drawn by \(Printable.name($0, limit: 40))" } ?? ""
    return "Both models were asked, on \(images), which places speak for the class the float model decides for "
      + "(\(report.method), \(grid) places). Compression may leave the answer and change what it rests on: then a model "
      + "is right for another reason than the one that was tested. With 95 % intervals\(drawn)."
  }

  private static let terms: [Document.Term] = [
    Document.Term(
      name: "Rank correlation",
      meaning: "whether both order all places of the image alike (Spearman): 1 is the same order, 0 is none in common."),
    Document.Term(
      name: "Top 20 % overlap",
      meaning: "of the fifth of the image that each looks at most, the share that is common to both, of all that is in "
        + "either (intersection over union). Two maps drawn at random have 11 %."),
    Document.Term(
      name: "Centre moves",
      meaning: "how far the map's centre of mass moves, as a share of the diagonal of what the model sees of the image."
    ),
  ]

  private static func table(_ report: ExplanationFidelity) -> Document.Table {
    var table = Document.Table(
      "Maps of the compiled model beside those of the float model",
      [
        .text("Images of"), .number("Images"), .text("Rank correlation"), .text("Top 20 % overlap"),
        .text("Centre moves"),
      ])
    table.isWide = true
    func add(_ name: String, _ measures: MapFidelity, isMedian: Bool = false) {
      table.rows.append(
        [.text(name), .text(Figures.grouped(measures.images))]
          + MapFidelity.Measure.allCases.map { .text(measures.text($0, median: isMedian)) })
    }
    add("all, mean", report.all)
    add("all, median", report.all, isMedian: true)
    for entry in report.perClass { add("\(Printable.name(entry.name, limit: 40)), mean", entry.measures) }
    return table
  }

  private static func worst(_ report: ExplanationFidelity, _ pictures: [MapPictures?]) -> Document.Table {
    let hasPictures = pictures.contains { $0 != nil }
    var table = Document.Table(
      "Images whose maps differ most",
      [.text("Image")] + (hasPictures ? [.text("Float looks"), .text("Compiled looks")] : []) + [
        .text("Explained"), .text("Right answer"), .text("Rank correlation"), .text("Top 20 % overlap"),
        .text("Centre moves"),
      ])
    table.isWide = true
    for (index, image) in report.worst.enumerated() {
      let file = Printable.name(image.file, limit: 80)
      var row: [Document.Cell] = [.text(file)]
      if hasPictures {
        let shown = pictures.indices.contains(index) ? pictures[index] : nil
        row += [
          shown.map { .picture($0.float, "where the float model looks") } ?? .text("–"),
          shown.map { .picture($0.compiled, "where the compiled model looks") } ?? .text("–"),
        ]
      }
      let comparison = image.comparison
      row += [
        .text(Printable.name(image.name, limit: 40)), .text(Printable.name(image.label, limit: 40)),
        .text(alone(comparison.found) ?? Figures.decimal(comparison.correlation, 3)),
        .text(Figures.percent(comparison.overlap)), .text(Figures.percent(comparison.shift)),
      ]
      table.rows.append(row)
    }
    return table
  }

  private static func alone(_ found: MapComparison.Found) -> String? {
    switch found {
    case .both, .neither: nil
    case .onlyFloat: "only float has a map"
    case .onlyCompiled: "only compiled has a map"
    }
  }
}

import Texts

extension Document.Section {
  /// The samples on which both models decide otherwise.
  static func changedImages(_ changed: ChangedImages, _ accuracy: AccuracyReport?) -> Document.Section {
    var section = Document.Section(title: "Images that are decided otherwise")
    let samples = accuracy.map { " of \(Figures.grouped($0.samples))" } ?? ""
    guard !changed.images.isEmpty else {
      section.blocks.append(.paragraph("Both models decide alike on every image."))
      return section
    }
    let kinds = ChangedImages.Kind.allCases.compactMap { kind -> String? in
      let count = changed.images.count { $0.kind == kind }
      return count == 0 ? nil : kind.sentence(count)
    }
    let isAll = changed.images.count == changed.count
    section.blocks.append(
      .paragraph(
        "On \(Figures.count(changed.count, "image"))\(samples) the compiled model decides otherwise than the float model"
          + (isAll ? ": \(kinds.joined(separator: ", "))." : ".")
          + " What costs most stands first; probabilities are each model's for what it decides."))
    var table = Document.Table(
      "What both models say of them",
      [.text("Image"), .text("Compiled"), .text("Right answer"), .text("Float says"), .text("Compiled says")])
    for image in changed.images {
      table.rows.append([
        .pictured(Printable.name(image.file, limit: 80), image.thumbnail), .text(image.kind.words),
        .text(names(image.labels)), .text(words(image.float)), .text(words(image.compiled)),
      ])
    }
    section.blocks.append(.table(table))
    if !isAll {
      section.blocks.append(
        .paragraph(
          "\(Figures.count(changed.count - changed.images.count, "more image")) not shown; --predictions FILE.csv "
            + "writes all."))
    }
    return section
  }

  private static func names(_ names: [String]) -> String {
    guard !names.isEmpty else { return "none" }
    let shown = names.prefix(8).map { Printable.name($0, limit: 30) }
    return shown.joined(separator: ", ") + (names.count > shown.count ? ", …" : "")
  }

  private static func words(_ decision: ChangedImages.Decision) -> String {
    guard !decision.names.isEmpty else { return "none" }
    let shown = zip(decision.names, decision.probabilities).prefix(8).map {
      "\(Printable.name($0, limit: 30)) \(Figures.percent($1))"
    }
    return shown.joined(separator: ", ") + (decision.names.count > shown.count ? ", …" : "")
  }
}

import Texts

extension Document {
  /// Builds side by side: their figures, how they differ from the first, and the images they decide otherwise.
  init(_ comparison: BuildComparison) {
    self.init(title: "\(Printable.name(comparison.builds.first?.model ?? "")): \(comparison.builds.count) builds")
    kind = "Comparison of builds"
    lead = [
      "Each build is compared with the first. Losses and gains are marked with a star where chance does not explain them."
    ]
    if let changed = comparison.changedText { lead.append("\(changed.prefix(1).uppercased())\(changed.dropFirst()).") }
    var builds = Table("The builds", [.text(""), .text("Report"), .text("dermc")])
    for (index, build) in comparison.builds.enumerated() {
      builds.rows.append([
        .text(BuildComparison.letter(index)), .text(Printable.name(build.report, limit: .max)),
        .text(Printable.name(build.dermc)),
      ])
    }
    var columns: [Column] = [.text("Figure")]
    for index in comparison.builds.indices {
      columns.append(.number(BuildComparison.letter(index)))
      if index > 0 { columns.append(.text("Change")) }
    }
    var figures = Table("Figures of each build, and changes from A", columns)
    figures.isWide = true
    for figure in comparison.figures {
      var row: [Cell] = [.text(Printable.name(figure.name))]
      for index in comparison.builds.indices {
        row.append(.text(figure.valueText(index)))
        if index > 0 { row.append(.text(figure.changeText(index))) }
      }
      figures.rows.append(row)
    }
    sections = [Section(title: "Figures", blocks: [.table(builds), .table(figures)])]
    guard let changed = comparison.changed, !changed.isEmpty else { return }
    var images = Table(
      "What each build decides",
      [.text("Image"), .text("Right answer")]
        + comparison.builds.indices.map { .text(BuildComparison.letter($0)) })
    for image in changed.prefix(Document.mostImages) {
      func text(_ names: [String]) -> Cell { .text(names.map { Printable.name($0) }.joined(separator: ", ")) }
      images.rows.append([.text(Printable.name(image.file)), text(image.labels)] + image.decided.map(text))
    }
    var section = Section(title: "Images that are decided otherwise", blocks: [.table(images)])
    if changed.count > Document.mostImages {
      section.blocks.append(
        .paragraph("\(Figures.count(changed.count - Document.mostImages, "more image")) in the JSON."))
    }
    sections.append(section)
  }

  private static let mostImages = 200
}

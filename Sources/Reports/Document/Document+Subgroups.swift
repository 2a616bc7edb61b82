import Metrics
import Texts

extension Document.Section {
  /// More rows are not read.
  private static let subgroupLimit = 40

  /// What compiling changed for the patients of each subgroup, those that lost most first.
  static func subgroups(_ accuracy: AccuracyReport) -> Document.Section {
    let shown = accuracy.subgroups.prefix(subgroupLimit)
    var table = Document.Table(
      "Subgroups, the one that lost most first",
      [
        .text("Subgroup, measure"), .number("Images"), .number("Float"), .number("Compiled"), .text("Change"),
      ])
    let scale = Document.scale(
      shown.flatMap { subgroup in subgroup.figures.map { Document.Measured($0.delta, samples: subgroup.samples) } })
    for subgroup in shown {
      for figure in subgroup.figures {
        table.rows.append([
          .text("\(Printable.name(subgroup.name, limit: 60)), \(AnswersText.name(figure.measure))"),
          .text(Figures.grouped(subgroup.samples)), .text(Figures.percent(figure.float)),
          .text(Figures.percent(figure.compiled)), .change(figure.delta, scale: scale),
        ])
      }
    }
    var section = Document.Section(title: "Subgroups", blocks: [.table(table)])
    if accuracy.subgroups.count > shown.count {
      section.blocks.append(
        .paragraph(
          "\(Figures.count(accuracy.subgroups.count - shown.count, "subgroup")) that lost less are in the report's "
            + "JSON."))
    }
    section.blocks.append(
      .paragraph("Of many subgroups some lose by chance: a range that contains 0 proves nothing yet."))
    return section
  }
}

import Metrics
import Texts

/// What `dermc eval` prints for people.
package enum EvaluationText {
  /// One model against labels.
  private static func tables(_ accuracy: ModelAccuracy, samples: Int) -> [TextTable] {
    var figures = TextTable([("", .left), ("", .right)])
    figures.add(["samples", Figures.grouped(samples)])
    add("top-1", Figures.percent, accuracy.top1, to: &figures)
    add("macro-F1", Figures.percent, accuracy.macroF1, to: &figures)
    add("AUC, one against the rest", Figures.percent, accuracy.auc, to: &figures)
    add("calibration error", Figures.percent, accuracy.ece, to: &figures)
    add("balanced accuracy", Figures.percent, accuracy.balancedAccuracy, to: &figures)
    var classes = TextTable([
      ("class", .left), ("samples", .right), ("recall", .right), ("precision", .right), ("F1", .right), ("AUC", .right),
    ])
    for measures in accuracy.perClass {
      classes.add(
        [Printable.name(measures.name, limit: 40), Figures.grouped(measures.support)]
          + [measures.recall, measures.precision, measures.f1, measures.auc].map { Figures.percent($0) })
    }
    return [figures, classes]
  }

  /// One model against labels, or two on the same samples; a line feed at the end.
  package static func make(_ accuracy: AccuracyReport) -> String {
    text(tables(accuracy).map { $0.lines() } + AnswersText.blocks(accuracy))
  }

  private static func tables(_ accuracy: AccuracyReport) -> [TextTable] {
    if accuracy.float == nil, let compiled = accuracy.compiled { return tables(compiled, samples: accuracy.samples) }
    var alike = TextTable([("", .left), ("", .left)])
    alike.add(["samples", Figures.grouped(accuracy.samples)])
    if let agreement = accuracy.agreement { alike.add(["agreement", Figures.percent(agreement)]) }
    if let level = accuracy.outputLevel { alike.add(["output SQNR", level]) }
    if let cosine = accuracy.cosine { alike.add(["cosine", Figures.decimal(cosine, 4)]) }
    if let divergence = accuracy.divergence { alike.add(["KL divergence", Figures.decimal(divergence, 5)]) }
    if let p = accuracy.mcNemarP { alike.add(["McNemar's p", Figures.decimal(p, 3)]) }
    guard let before = accuracy.float, let after = accuracy.compiled else { return [alike] }

    var measures = TextTable([("", .left), ("reference", .right), ("model", .right), ("change", .left)])
    func add(_ name: String, _ measure: (ModelAccuracy) -> Double?, _ delta: Estimate?) {
      guard measure(before) != nil || measure(after) != nil else { return }
      let change = delta ?? Document.difference(measure(before), measure(after))
      measures.add([
        name, Figures.percent(measure(before)), Figures.percent(measure(after)), Figures.points(change),
      ])
    }
    add("top-1", \.top1, accuracy.deltas?.top1)
    add("macro-F1", \.macroF1, accuracy.deltas?.macroF1)
    add("AUC", \.auc, accuracy.deltas?.auc)
    add("calibration error", \.ece, nil)
    add("balanced accuracy", \.balancedAccuracy, accuracy.deltas?.balancedAccuracy)

    var classes = TextTable([
      ("class", .left), ("samples", .right), ("recall", .right), ("", .right), ("change", .left), ("precision", .right),
      ("", .right), ("change", .left),
    ])
    for (index, old) in before.perClass.enumerated() where index < after.perClass.count {
      let new = after.perClass[index]
      let delta = accuracy.deltas?.perClass.first { $0.name == old.name }
      classes.add([
        Printable.name(old.name, limit: 40), Figures.grouped(old.support), Figures.percent(old.recall),
        Figures.percent(new.recall), Figures.points(delta?.recall), Figures.percent(old.precision),
        Figures.percent(new.precision), Figures.points(delta?.precision),
      ])
    }
    return [alike, measures, classes]
  }

  private static func add(
    _ name: String, _ text: (Double?, Int) -> String, _ value: Double?, to table: inout TextTable
  ) {
    if value != nil { table.add([name, text(value, 1)]) }
  }

  private static func text(_ blocks: [[String]]) -> String {
    blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }
}

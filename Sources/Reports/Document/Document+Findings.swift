import Metrics
import Texts

// What changed for a model that looks for one finding, or for several.

extension Document.Section {
  /// One finding: sensitivity first.
  static func finding(_ report: BinaryComparison, _ accuracy: AccuracyReport) -> [Document.Block] {
    let positives = report.compiled.counts.map {
      ": \(Figures.count($0.truePositives + $0.falseNegatives, "image")) of "
        + "\(Figures.grouped(accuracy.samples)) show it"
    }
    return [
      .table(measures(report, AnswersText.positiveTitle(accuracy) + (positives ?? ""))),
      .terms(Terms.measures + [Terms.change]), .table(overall(accuracy)), .terms([Terms.accuracy, Terms.ece]),
    ]
  }

  /// Several findings: their means, all together, and each.
  static func labels(_ report: MultiLabelComparison, _ accuracy: AccuracyReport) -> [Document.Block] {
    var blocks: [Document.Block] = []
    if report.labels.contains(where: { $0.measures != nil }) {
      blocks += [
        .table(labels(report, .sensitivity, accuracy)), .terms([Terms.sensitivity, Terms.change]),
        .table(labels(report, .specificity, accuracy)), .terms([Terms.specificity]),
      ]
    }
    if let macro = report.macro { blocks.append(.table(measures(macro, "Mean over labels"))) }
    if let micro = report.micro { blocks.append(.table(measures(micro, "The labels of all images taken together"))) }
    let sets = sets(report)
    if !sets.rows.isEmpty { blocks.append(.table(sets)) }
    if report.macro != nil || report.micro != nil { blocks.append(.terms(Terms.measures.filter { !isSaid($0) })) }
    if report.labels.contains(where: { $0.measures != nil }) {
      let rest: [BinaryMeasure] = [.ppv, .npv, .balancedAccuracy, .f1, .rocAUC, .averagePrecision]
      let tables = rest.map { labels(report, $0, accuracy) }.filter { !$0.rows.isEmpty }
      if !tables.isEmpty { blocks.append(.folded("More measures of each label", tables.map { .table($0) })) }
    }
    if report.labels.contains(where: { $0.agreement != nil }) { blocks.append(.table(agreement(report, accuracy))) }
    return blocks
  }

  private static func isSaid(_ term: Document.Term) -> Bool {
    [Terms.sensitivity, Terms.specificity].contains { $0.name == term.name }
  }

  private static func title(_ measure: BinaryMeasure) -> String {
    let name = AnswersText.name(measure)
    return name.prefix(1).uppercased() + name.dropFirst()
  }

  /// All measures of a finding.
  private static func measures(_ report: BinaryComparison, _ caption: String) -> Document.Table {
    var table = Document.Table(
      caption, [.text("Measure"), .number("Float"), .number("Compiled"), .text("Change")])
    // The Brier score is no percentage; it is in the JSON.
    let shown = BinaryMeasure.allCases.filter { $0 != .brier }
    let scale = Document.scale(shown.map { report.deltas[$0] })
    for measure in shown {
      guard let value = report.compiled.values[measure] else { continue }
      let before = report.float?.values[measure]
      table.rows.append([
        .text(title(measure)), .text(Figures.percent(before)),
        .text(Figures.percent(report.intervals[measure] ?? Estimate(value))),
        .change(report.deltas[measure] ?? Document.difference(before, value), scale: scale),
      ])
    }
    return table
  }

  /// One measure of each label.
  private static func labels(
    _ report: MultiLabelComparison, _ measure: BinaryMeasure, _ accuracy: AccuracyReport
  ) -> Document.Table {
    var table = Document.Table(
      "\(title(measure)) of each label",
      [.text("Label"), .number("Images"), .number("Float"), .number("Compiled"), .text("Change")])
    func support(_ label: MultiLabelComparison.Label) -> Int {
      let counts = label.measures?.compiled.counts
      return counts.map { $0.truePositives + $0.falseNegatives }
        ?? accuracy.compiled?.perClass.first { $0.name == label.name }?.support ?? 0
    }
    func scale(_ measure: BinaryMeasure) -> Double {
      Document.scale(
        report.labels.map { Document.Measured($0.measures?.deltas[measure], samples: support($0)) })
    }
    // One axis for what is compared.
    let pair: [BinaryMeasure] = [.sensitivity, .specificity]
    let scale = pair.contains(measure) ? max(scale(.sensitivity), scale(.specificity)) : scale(measure)
    for label in report.labels {
      guard let measures = label.measures else { continue }
      let (before, after) = (measures.float?.values[measure], measures.compiled.values[measure])
      table.rows.append([
        .text(Printable.name(label.name, limit: 40)), .text(Figures.grouped(support(label))),
        .text(Figures.percent(before)), .text(Figures.percent(after)),
        .change(measures.deltas[measure] ?? Document.difference(before, after), scale: scale),
      ])
    }
    return table
  }

  /// Measures of whole sets of labels.
  private static func sets(_ report: MultiLabelComparison) -> Document.Table {
    var table = Document.Table(
      "Whole images", [.text("Share"), .number("Float"), .number("Compiled"), .text("Change")])
    let figures = [
      ("Images with every label right", report.exactMatch), ("Labels that are wrong", report.hammingLoss),
    ]
    let scale = Document.scale(figures.map(\.1?.delta))
    for case (let name, let figure?) in figures {
      table.rows.append([
        .text(name), .text(Figures.percent(figure.float)), .text(Figures.percent(figure.compiled)),
        .change(figure.delta ?? Document.difference(figure.float, figure.compiled), scale: scale),
      ])
    }
    return table
  }

  private static func agreement(_ report: MultiLabelComparison, _ accuracy: AccuracyReport) -> Document.Table {
    var table = Document.Table(
      "Where both models decide alike",
      [.text("Label"), .number("Called from"), .number("Agreement")])
    for (index, label) in report.labels.enumerated() {
      let level = accuracy.thresholds.indices.contains(index) ? AnswersText.threshold(accuracy.thresholds[index]) : "–"
      table.rows.append([
        .text(Printable.name(label.name, limit: 40)), .text(level), .text(Figures.percent(label.agreement)),
      ])
    }
    return table
  }
}

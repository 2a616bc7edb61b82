package import CanonicalJSON
import Metrics
package import Tensors
import Texts

/// What an evaluation says of each answer a model can give: how often it is found, and how often it is right.
package struct MeasuredAnswers {
  /// For each class, or label, what is said where it is decided for.
  package private(set) var sentences: [[String]] = []
  /// All of it; nil where nothing was measured.
  private(set) var table: Document.Table?
  private(set) var notes: [String] = []

  private init() {}

  /// Nothing is known, for a reason.
  package init(unknown reason: String) { notes = [reason] }

  /// What a record says of the answers that a model gives now.
  ///
  /// - Parameters:
  ///   - record: the evaluation record of a bundle
  ///   - names: of classes, in the model's order
  ///   - thresholds: from which probabilities on the model decides now
  ///   - positive: the class a binary model looks for, in that order
  /// - Throws: where the record is none
  package static func read(
    _ record: JSON, names: [String], thresholds: [Double], positive: Int
  ) throws(Refusal) -> MeasuredAnswers {
    let report: AccuracyReport
    do throws(JSONError) {
      report = try AccuracyReport(JSONNode(record, name: "evaluation"))
    } catch {
      throw Refusal("\(error)")
    }
    guard report.data == .labelled, report.compiled != nil else {
      return MeasuredAnswers(unknown: "This model was not measured on labelled images, so nothing is known here.")
    }
    let isAlike = report.positive == nil || names.indices.contains(positive) && names[positive] == report.positive
    guard isAlike, report.thresholds == thresholds else {
      return MeasuredAnswers(
        unknown: "This model was measured with another threshold or positive class than it decides by here, so nothing "
          + "is known.")
    }
    let rows = rows(report, classes: names.count, positive: positive)
    guard rows.count == names.count else {
      return MeasuredAnswers(unknown: "The bundle’s evaluation has no figures of single classes.")
    }
    let shown = names.map { Printable.name($0) }
    var answers = MeasuredAnswers()
    answers.sentences = zip(rows, shown).map { row, name in row.sentences(name) }
    answers.table = table(rows, shown, report)
    answers.notes = notes(report)
    return answers
  }

  private static func table(_ rows: [Row], _ names: [String], _ report: AccuracyReport) -> Document.Table {
    var table = Document.Table(
      "On \(Figures.count(report.samples, "labelled image")), with 95 % intervals",
      [.text(report.multilabel == nil ? "Class" : "Label"), .number("Images"), .number("Found"), .number("Right")])
    table.rows = zip(rows, names).map { row, name in
      [
        .text(name), .text(Figures.grouped(row.own)), .text(Row.cell(row.recall)), .text(Row.cell(row.precision)),
      ]
    }
    return table
  }

  private static func notes(_ report: AccuracyReport) -> [String] {
    var notes = [
      "Found: the share of a class’s images that the model decides for it (recall, sensitivity). Right: how often the "
        + "class is the right answer where the model decides for it (precision, positive predictive value). The "
        + "second also depends on how common the class is, which may differ from that here."
    ]
    if let groups = report.groups, report.binary == nil, report.multilabel == nil {
      notes.append(
        "The images come in \(Figures.grouped(groups.count)) groups (\(Printable.name(groups.name, limit: 40))), so "
          + "intervals that count single images would be too narrow, and none are given.")
    }
    if let choice = report.thresholdChoice {
      notes.append(
        "The threshold was chosen on these very images (\(Printable.name(choice))): the figures are optimistic.")
    }
    return notes
  }
}

extension MeasuredAnswers {
  /// Counts of one class or label, and its shares with intervals.
  fileprivate struct Row {
    /// Images of the class, those of them that were decided for it, and all that were.
    let own: Int
    let found: Int
    let called: Int
    let recall: Estimate?
    let precision: Estimate?

    func sentences(_ name: String) -> [String] {
      var sentences: [String] = []
      if let recall {
        sentences.append(
          "Of \(Figures.count(own, "image")) of \(name) in the evaluation, \(Figures.grouped(found)) "
            + "\(found == 1 ? "was" : "were") found: \(share(recall)).")
      } else {
        sentences.append("The evaluation had no image of \(name).")
      }
      if let precision {
        sentences.append(
          "Where it said \(name), in \(Figures.count(called, "image")), it was right in \(Figures.grouped(found)): "
            + "\(share(precision)).")
      }
      return sentences
    }

    /// As in `83.3 % (66.4 … 92.7)`, which on narrow screens is broken before the interval alone.
    static func cell(_ estimate: Estimate?) -> String {
      Figures.percent(estimate).split(separator: " … ").joined(separator: "\u{A0}…\u{A0}")
    }

    /// As in `83.3 % (95 % interval 66.4 to 92.7)`, its numbers kept beside their units.
    private func share(_ estimate: Estimate) -> String {
      let percent = "\(Figures.decimal(100 * estimate.value, 1))\u{A0}%"
      guard let low = estimate.low, let high = estimate.high, low < high else { return percent }
      return "\(percent) (95\u{A0}% interval \(Figures.decimal(100 * low, 1)) to \(Figures.decimal(100 * high, 1)))"
    }
  }

  private static func rows(_ report: AccuracyReport, classes: Int, positive: Int) -> [Row] {
    if let labels = report.multilabel?.labels {
      return labels.compactMap { label in label.measures.flatMap { row($0, isPositive: true) } }
    }
    if let binary = report.binary {
      guard let found = row(binary, isPositive: true), let other = row(binary, isPositive: false) else { return [] }
      return positive == 1 ? [other, found] : [found, other]
    }
    let confusion = report.compiled?.confusion ?? []
    guard confusion.allSatisfy({ $0.count == confusion.count }) else { return [] }
    func share(_ count: Int, of all: Int) -> Estimate? {
      guard all > 0 else { return nil }
      return report.groups == nil
        ? Estimate(share: count, of: all) : Estimate(Double(count) / Double(all), low: nil, high: nil)
    }
    return confusion.indices.map { index in
      let own = confusion[index].reduce(0, +)
      let called = confusion.reduce(0) { $0 + $1[index] }
      let found = confusion[index][index]
      return Row(
        own: own, found: found, called: called, recall: share(found, of: own), precision: share(found, of: called))
    }
  }

  /// Of the class a binary model looks for, or of the other.
  private static func row(_ report: BinaryComparison, isPositive: Bool) -> Row? {
    guard let counts = report.compiled.counts else { return nil }
    func estimate(_ measure: BinaryMeasure) -> Estimate? {
      report.intervals[measure] ?? report.compiled.values[measure].map { Estimate($0, low: nil, high: nil) }
    }
    return isPositive
      ? Row(
        own: counts.truePositives + counts.falseNegatives, found: counts.truePositives,
        called: counts.truePositives + counts.falsePositives, recall: estimate(.sensitivity), precision: estimate(.ppv))
      : Row(
        own: counts.trueNegatives + counts.falsePositives, found: counts.trueNegatives,
        called: counts.trueNegatives + counts.falseNegatives, recall: estimate(.specificity), precision: estimate(.npv))
  }
}

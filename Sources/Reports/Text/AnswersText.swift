package import Metrics
import Texts

/// What is told of a model's answers beyond the tables of classes: a positive class, labels, groups and subgroups.
///
/// Sensitivity comes first: what a patient loses by a wrong answer is seldom the same on both sides.
enum AnswersText {
  /// Tables and lines for `dermc eval`, in the order they are read.
  static func blocks(_ accuracy: AccuracyReport) -> [[String]] {
    var blocks: [[String]] = []
    if let binary = accuracy.binary { blocks.append(table(binary, titled: positiveTitle(accuracy)).lines()) }
    if let labels = accuracy.multilabel { blocks += self.labels(labels, accuracy) }
    blocks.append(classes(accuracy))
    blocks.append(subgroups(accuracy))
    blocks.append(notes(accuracy))
    return blocks.filter { !$0.isEmpty }
  }

  /// `mel, called from 0.3 on`.
  static func positiveTitle(_ accuracy: AccuracyReport) -> String {
    let name = Printable.name(accuracy.positive ?? "positive", limit: 40)
    return accuracy.thresholds.first.map { "\(name), called from \(threshold($0)) on" } ?? name
  }

  /// A threshold with as many decimals as it needs, four at most.
  static func threshold(_ value: Double) -> String {
    var text = Figures.decimal(value, 4)
    while text.contains("."), text.last == "0" || text.last == "." { text.removeLast() }
    return text
  }

  /// How measures are called where people read them.
  static func name(_ measure: BinaryMeasure) -> String {
    switch measure {
    case .sensitivity: "sensitivity"
    case .specificity: "specificity"
    case .ppv: "PPV (precision)"
    case .npv: "NPV"
    case .balancedAccuracy: "balanced accuracy"
    case .f1: "F1"
    case .rocAUC: "AUC (ROC)"
    case .averagePrecision: "average precision"
    case .brier: "Brier score"
    }
  }

  /// How measures of subgroups are called, by their name in JSON.
  static func name(_ measure: String) -> String {
    switch measure {
    case "top1": "top-1"
    case "macro_f1": "macro-F1"
    default: BinaryMeasure(rawValue: measure).map(name) ?? Printable.name(measure)
    }
  }

  private static func table(_ report: BinaryComparison, titled title: String) -> TextTable {
    let isPair = report.float != nil
    var table = TextTable(
      isPair
        ? [(title, .left), ("reference", .right), ("model", .left), ("change", .left)]
        : [(title, .left), ("model", .left)])
    // The Brier score is no percentage; it is in the JSON.
    for measure in BinaryMeasure.allCases where measure != .brier {
      guard let value = report.compiled.values[measure] else { continue }
      let after = Figures.percent(report.intervals[measure] ?? Estimate(value))
      let before = report.float.map { [Figures.percent($0.values[measure])] } ?? []
      table.add([name(measure)] + before + [after] + (isPair ? [Figures.points(report.deltas[measure])] : []))
    }
    return table
  }

  private static func labels(_ report: MultiLabelComparison, _ accuracy: AccuracyReport) -> [[String]] {
    var blocks: [[String]] = []
    if let macro = report.macro { blocks.append(table(macro, titled: "mean over labels").lines()) }
    if let micro = report.micro { blocks.append(table(micro, titled: "all labels together").lines()) }
    var sets = TextTable([("", .left), ("", .right), ("", .left)])
    for (name, figure) in [("all labels right", report.exactMatch), ("labels wrong", report.hammingLoss)] {
      guard let figure else { continue }
      let values = [figure.float, figure.compiled].compactMap { $0 }.map { Figures.percent($0) }
      sets.add([name, values.joined(separator: " → "), figure.delta.map { Figures.points($0) } ?? ""])
    }
    blocks.append(sets.lines())
    if report.labels.contains(where: { $0.agreement != nil }) {
      var table = TextTable([("label", .left), ("threshold", .right), ("agreement", .left)])
      for (index, label) in report.labels.enumerated() {
        let level = accuracy.thresholds.indices.contains(index) ? threshold(accuracy.thresholds[index]) : ""
        table.add([Printable.name(label.name, limit: 40), level, Figures.percent(label.agreement)])
      }
      blocks.append(table.lines())
    }
    return blocks
  }

  /// Specificity and what follows from stated ones, beside the tables of classes.
  private static func classes(_ accuracy: AccuracyReport) -> [String] {
    guard accuracy.binary == nil, let compiled = accuracy.compiled,
      compiled.perClass.contains(where: { $0.specificity != nil })
    else { return [] }
    let points = compiled.perClass.compactMap(\.sensitivityAtSpecificity)
    var columns: [(String, TextTable.Alignment)] = [("class", .left), ("specificity", .right)]
    if accuracy.float != nil { columns += [("", .right), ("change", .left)] }
    if !points.isEmpty { columns += [("sensitivity at a specificity", .left)] }
    var table = TextTable(columns)
    for after in compiled.perClass {
      let before = accuracy.float?.perClass.first { $0.name == after.name }
      let delta = accuracy.deltas?.perClass.first { $0.name == after.name }
      var cells = [Printable.name(after.name, limit: 40)]
      if accuracy.float != nil { cells.append(Figures.percent(before?.specificity)) }
      cells.append(Figures.percent(after.specificity))
      if accuracy.float != nil { cells.append(Figures.points(delta?.specificity)) }
      if let point = after.sensitivityAtSpecificity {
        let values = [before?.sensitivityAtSpecificity?.sensitivity, point.sensitivity].compactMap { $0 }
        let change = delta?.sensitivityAtSpecificity.map { ", " + Figures.points($0) } ?? ""
        cells.append(
          values.map { Figures.percent($0) }.joined(separator: " → ") + " at \(Figures.percent(point.specificity))"
            + change)
      }
      table.add(cells)
    }
    return table.lines()
  }

  private static func subgroups(_ accuracy: AccuracyReport) -> [String] {
    guard !accuracy.subgroups.isEmpty else { return [] }
    let hasFloat = accuracy.subgroups.contains { $0.figures.contains { $0.float != nil } }
    var table = TextTable(
      hasFloat
        ? [
          ("subgroup", .left), ("samples", .right), ("", .left), ("reference", .right), ("model", .right),
          ("change", .left),
        ]
        : [("subgroup", .left), ("samples", .right), ("", .left), ("model", .right)])
    for subgroup in accuracy.subgroups {
      for (index, figure) in subgroup.figures.enumerated() {
        let start =
          index == 0 ? [Printable.name(subgroup.name, limit: 60), Figures.grouped(subgroup.samples)] : ["", ""]
        let values = (hasFloat ? [figure.float] : []) + [figure.compiled]
        table.add(
          start + [name(figure.measure)] + values.map { Figures.percent($0) }
            + (hasFloat ? [Figures.points(figure.delta)] : []))
      }
    }
    return table.lines()
  }

  /// What to know before trusting the figures.
  static func notes(_ accuracy: AccuracyReport) -> [String] {
    var notes: [String] = []
    if let groups = accuracy.groups { notes.append("intervals over \(Self.groups(groups))") }
    if let rule = accuracy.thresholdChoice {
      notes.append(
        "the threshold was chosen on these very samples (\(Printable.name(rule))): "
          + "expect less at it on others")
    }
    return notes
  }

  /// `123 lesions` of a column lesion_id, `4 groups by site` of another.
  static func groups(_ groups: AccuracyReport.Groups) -> String {
    guard groups.name.hasSuffix("_id"), groups.name.count > 3 else {
      return "\(Figures.count(groups.count, "group")) by \(Printable.name(groups.name, limit: 40))"
    }
    return Figures.count(groups.count, Printable.name(String(groups.name.dropLast(3)), limit: 40))
  }

  // MARK: The summary of a compilation

  /// A handful of lines for what `dermc compile` says.
  static func summary(_ accuracy: AccuracyReport) -> [String] {
    var lines: [String] = []
    if let binary = accuracy.binary {
      lines.append(positiveTitle(accuracy) + ": " + change(.sensitivity, binary))
      lines.append(change(.specificity, binary))
      let rest = [BinaryMeasure.ppv, .npv].compactMap { values($0, binary) }
      lines.append(([change(.rocAUC, binary)] + rest).joined(separator: "; "))
    } else if let labels = accuracy.multilabel {
      if let macro = labels.macro {
        lines.append("mean over labels: " + change(.sensitivity, macro))
        lines.append("\(change(.specificity, macro)); \(change(.averagePrecision, macro))")
      }
      if let micro = labels.micro { lines.append("all labels together: " + change(.f1, micro)) }
    } else if let before = accuracy.float?.balancedAccuracy, let after = accuracy.compiled?.balancedAccuracy {
      let points = accuracy.deltas?.balancedAccuracy.map { ", " + Figures.points($0) } ?? ""
      lines.append("balanced accuracy \(Figures.percent(before)) → \(Figures.percent(after))\(points)")
    }
    for after in accuracy.compiled?.perClass ?? [] {
      guard let point = after.sensitivityAtSpecificity,
        let before = accuracy.float?.perClass.first(where: { $0.name == after.name })?.sensitivityAtSpecificity
      else { continue }
      let delta = accuracy.deltas?.perClass.first { $0.name == after.name }?.sensitivityAtSpecificity
      lines.append(
        "\(Printable.name(after.name)): sensitivity \(Figures.percent(before.sensitivity)) → "
          + "\(Figures.percent(point.sensitivity)) at a specificity of \(Figures.percent(point.specificity))"
          + (delta.map { ", " + Figures.points($0) } ?? ""))
    }
    if let worst = accuracy.worstSubgroup {
      let (subgroup, figure) = worst
      lines.append(
        "\(Printable.name(subgroup.name, limit: 60)) lost most of the subgroups: \(name(figure.measure)) "
          + "\(Figures.percent(figure.float)) → \(Figures.percent(figure.compiled)), \(Figures.points(figure.delta))"
          + " on \(Figures.count(subgroup.samples, "image"))")
    }
    return lines + notes(accuracy)
  }

  private static func values(_ measure: BinaryMeasure, _ report: BinaryComparison) -> String? {
    let values = [report.float?.values[measure], report.compiled.values[measure]].compactMap { $0 }
    guard !values.isEmpty else { return nil }
    return "\(name(measure)) " + values.map { Figures.percent($0) }.joined(separator: " → ")
  }

  private static func change(_ measure: BinaryMeasure, _ report: BinaryComparison) -> String {
    guard let values = values(measure, report) else { return "\(name(measure)) not defined on these samples" }
    return values + (report.deltas[measure].map { ", " + Figures.points($0) } ?? "")
  }
}

extension AccuracyReport {
  /// The subgroup that lost most, and by which measure; nil where none lost any.
  package var worstSubgroup: (subgroup: Subgroup, figure: Subgroup.Figure)? {
    let losses = subgroups.flatMap { subgroup in subgroup.figures.map { (subgroup: subgroup, figure: $0) } }
      .filter { ($0.figure.delta?.value ?? 0) < 0 }
    return losses.min { ($0.figure.delta?.value ?? 0) < ($1.figure.delta?.value ?? 0) }
  }
}

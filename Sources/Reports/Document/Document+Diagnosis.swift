import Metrics
import Texts

extension Document.Section {
  /// What compiling changed in the answers.
  static func diagnosis(_ accuracy: AccuracyReport) -> Document.Section {
    var section = Document.Section(
      title: accuracy.data == .labelled ? "What changed in the diagnosis" : "What changed in the answers")
    if accuracy.data == .labelled { section.blocks += conditions(accuracy) }
    if let binary = accuracy.binary {
      section.blocks += finding(binary, accuracy)
    } else if let labels = accuracy.multilabel {
      section.blocks += self.labels(labels, accuracy)
    } else if accuracy.deltas != nil {
      section.blocks += classes(accuracy)
    }
    section.blocks += likeness(accuracy)
    let matrices = matrices(accuracy)
    if !matrices.isEmpty {
      section.blocks.append(
        .paragraph(
          "Which class was answered (columns) for the images of each class (rows). Right answers lie on the diagonal; "
            + "small signed figures are changes against the float model."))
      section.blocks.append(.matrices(matrices))
    }
    return section
  }

  /// What to know before the figures.
  private static func conditions(_ accuracy: AccuracyReport) -> [Document.Block] {
    var blocks: [Document.Block] = []
    if let rule = accuracy.thresholdChoice {
      let level = accuracy.thresholds.first.map { " (\(AnswersText.threshold($0)))" } ?? ""
      blocks.append(
        .notice(
          "The threshold\(level) was chosen on these very images, by \(Printable.name(rule)). On others expect less: "
            + "measure on data that took no part in choosing it."))
    }
    if let groups = accuracy.groups {
      blocks.append(
        .paragraph(
          "Intervals are over \(AnswersText.groups(groups)): images of one count together, "
            + "since they are not independent."))
    }
    return blocks
  }

  // MARK: One of several classes

  private static func classes(_ accuracy: AccuracyReport) -> [Document.Block] {
    var blocks: [Document.Block] = [
      .table(classes(accuracy, "Recall of each class", \.recall, \.recall)), .terms([Terms.recall, Terms.change]),
      .table(classes(accuracy, "Precision of each class", \.precision, \.precision)), .terms([Terms.precision]),
    ]
    let specific = accuracy.compiled?.perClass.contains { $0.specificity != nil } == true
    if specific {
      blocks.append(.table(classes(accuracy, "Specificity of each class", \.specificity, \.specificity)))
      blocks.append(.terms([Terms.specificity]))
    }
    let stated = atStatedSpecificity(accuracy)
    if !stated.rows.isEmpty { blocks += [.table(stated), .terms([Terms.sensitivityAtSpecificity])] }
    blocks.append(.table(overall(accuracy)))
    let balanced = accuracy.compiled?.balancedAccuracy != nil ? [Terms.balancedAccuracy] : []
    blocks.append(.terms([Terms.top1] + balanced + [Terms.macroF1, Terms.auc, Terms.ece]))
    return blocks
  }

  /// One measure of each class, before and after.
  private static func classes(
    _ accuracy: AccuracyReport, _ caption: String, _ measure: (ClassAccuracy) -> Double?,
    _ change: (ClassEstimates) -> Estimate?
  ) -> Document.Table {
    var table = Document.Table(
      caption, [.text("Class"), .number("Images"), .number("Float"), .number("Compiled"), .text("Change")])
    let deltas = accuracy.deltas?.perClass ?? []
    func before(_ delta: ClassEstimates) -> ClassAccuracy? {
      accuracy.float?.perClass.first { $0.name == delta.name }
    }
    func scale(_ change: (ClassEstimates) -> Estimate?) -> Double {
      Document.scale(deltas.map { Document.Measured(change($0), samples: before($0)?.support ?? 0) })
    }
    // One axis for all tables of classes.
    let scale = max(scale(\.recall), scale(\.precision))
    for delta in deltas {
      let before = before(delta)
      let after = accuracy.compiled?.perClass.first { $0.name == delta.name }
      table.rows.append([
        .text(Printable.name(delta.name, limit: 40)), .text(before.map { Figures.grouped($0.support) } ?? "–"),
        .text(Figures.percent(before.flatMap(measure))), .text(Figures.percent(after.flatMap(measure))),
        .change(change(delta), scale: scale),
      ])
    }
    return table
  }

  /// The sensitivity to classes at specificities that were asked for.
  private static func atStatedSpecificity(_ accuracy: AccuracyReport) -> Document.Table {
    var table = Document.Table(
      "Sensitivity at a stated specificity",
      [.text("Class"), .number("Specificity"), .number("Float"), .number("Compiled"), .text("Change")])
    let deltas = accuracy.deltas?.perClass ?? []
    let scale = Document.scale(deltas.map(\.sensitivityAtSpecificity))
    for after in accuracy.compiled?.perClass ?? [] {
      guard let point = after.sensitivityAtSpecificity else { continue }
      let before = accuracy.float?.perClass.first { $0.name == after.name }?.sensitivityAtSpecificity
      table.rows.append([
        .text(Printable.name(after.name, limit: 40)), .text(Figures.percent(point.specificity)),
        .text(Figures.percent(before?.sensitivity)), .text(Figures.percent(point.sensitivity)),
        .change(deltas.first { $0.name == after.name }?.sensitivityAtSpecificity, scale: scale),
      ])
    }
    return table
  }

  /// Measures of all classes together.
  static func overall(_ accuracy: AccuracyReport) -> Document.Table {
    var table = Document.Table(
      accuracy.binary == nil ? "All classes together" : "Both classes together",
      [.text("Measure"), .number("Float"), .number("Compiled"), .text("Change")])
    let deltas = accuracy.deltas
    let scale = Document.scale([deltas?.top1, deltas?.macroF1, deltas?.auc, deltas?.balancedAccuracy])
    func add(_ term: Document.Term, _ measure: (ModelAccuracy) -> Double?, _ delta: Estimate?) {
      let (before, after) = (accuracy.float.flatMap(measure), accuracy.compiled.flatMap(measure))
      guard before != nil || after != nil else { return }
      table.rows.append([
        .text(term.name), .text(Figures.percent(before)), .text(Figures.percent(after)),
        .change(delta ?? Document.difference(before, after), scale: scale),
      ])
    }
    // Of two classes the finding's own table says the rest.
    if accuracy.binary != nil {
      add(Terms.accuracy, \.top1, deltas?.top1)
    } else {
      add(Terms.top1, \.top1, deltas?.top1)
      add(Terms.balancedAccuracy, \.balancedAccuracy, deltas?.balancedAccuracy)
      add(Terms.macroF1, \.macroF1, deltas?.macroF1)
      add(Terms.auc, \.auc, deltas?.auc)
    }
    add(Terms.ece, \.ece, nil)
    return table
  }

  // MARK: Float and compiled

  /// How alike both models answer, whatever is right.
  private static func likeness(_ accuracy: AccuracyReport) -> [Document.Block] {
    var table = Document.Table("Compiled against float", [.text(""), .text("")])
    var terms: [Document.Term] = []
    func add(_ term: Document.Term, _ value: String?) {
      guard let value else { return }
      table.rows.append([.text(term.name), .text(value)])
      terms.append(term)
    }
    let agreement = accuracy.task == .multilabel ? Terms.labelAgreement : Terms.agreement
    add(agreement, accuracy.agreement.map { Figures.percent($0) })
    add(Terms.outputSQNR, accuracy.outputLevel)
    add(Terms.cosine, accuracy.cosine.map { Figures.decimal($0, 4) })
    add(Terms.divergence, accuracy.divergence.map { Figures.decimal($0, 5) })
    add(Terms.mcNemar, accuracy.mcNemarP.map { Figures.decimal($0, 3) })
    return table.rows.isEmpty ? [] : [.table(table), .terms(terms)]
  }

  private static func matrices(_ accuracy: AccuracyReport) -> [Document.Matrix] {
    guard let before = accuracy.float?.confusion, let after = accuracy.compiled?.confusion else { return [] }
    let names = accuracy.classes.map { Printable.name($0, limit: 20) }
    let isSquare = [before, after].allSatisfy { matrix in
      matrix.count == names.count && matrix.allSatisfy { $0.count == names.count }
    }
    // A larger matrix is not read on a page.
    guard isSquare, (1...24).contains(names.count) else { return [] }
    return [
      Document.Matrix(title: "Float", names: names, counts: before),
      Document.Matrix(title: "Compiled", names: names, counts: after, reference: before),
    ]
  }
}

extension AccuracyReport {
  /// The output SQNR as text; nil where it was not measured.
  var outputLevel: String? {
    if let outputSQNR { return Figures.decibels(outputSQNR) }
    return maximumRelativeError == 0 ? "no difference" : nil
  }
}

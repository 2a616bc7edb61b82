import Texts

extension Document.Section {
  /// What compiling changed in the answers.
  static func diagnosis(_ accuracy: AccuracyReport) -> Document.Section {
    var section = Document.Section(
      title: accuracy.data == .labelled ? "What changed in the diagnosis" : "What changed in the answers")
    if accuracy.deltas != nil {
      section.blocks.append(.table(classes(accuracy, "Recall", \.recall, \.recall)))
      section.blocks.append(.terms([Terms.recall, Terms.change]))
      section.blocks.append(.table(classes(accuracy, "Precision", \.precision, \.precision)))
      section.blocks.append(.terms([Terms.precision]))
      section.blocks.append(.table(overall(accuracy)))
      section.blocks.append(.terms([Terms.top1, Terms.macroF1, Terms.auc, Terms.ece]))
    }
    section.blocks.append(contentsOf: likeness(accuracy))
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

  /// One measure of each class, before and after.
  private static func classes(
    _ accuracy: AccuracyReport, _ title: String, _ measure: (ClassAccuracy) -> Double?,
    _ change: (AccuracyReport.ClassDelta) -> Estimate?
  ) -> Document.Table {
    var table = Document.Table([
      .text("Class"), .number("Images"), .number("\(title), float"), .number("\(title), compiled"), .text("Change"),
    ])
    let deltas = accuracy.deltas?.perClass ?? []
    let scale = Document.scale(deltas.flatMap { [$0.recall, $0.precision] })
    for delta in deltas {
      let before = accuracy.float?.perClass.first { $0.name == delta.name }
      let after = accuracy.compiled?.perClass.first { $0.name == delta.name }
      table.rows.append([
        .text(Printable.name(delta.name, limit: 40)), .text(before.map { Figures.grouped($0.support) } ?? "–"),
        .text(Figures.percent(before.flatMap(measure))), .text(Figures.percent(after.flatMap(measure))),
        .change(change(delta), scale: scale),
      ])
    }
    return table
  }

  private static func overall(_ accuracy: AccuracyReport) -> Document.Table {
    var table = Document.Table([.text("All classes"), .number("Float"), .number("Compiled"), .text("Change")])
    let deltas = accuracy.deltas
    let scale = Document.scale([deltas?.top1, deltas?.macroF1, deltas?.auc])
    func add(_ term: Document.Term, _ measure: (ModelAccuracy) -> Double?, _ delta: Estimate?) {
      let (before, after) = (accuracy.float.flatMap(measure), accuracy.compiled.flatMap(measure))
      guard before != nil || after != nil else { return }
      table.rows.append([
        .text(term.name), .text(Figures.percent(before)), .text(Figures.percent(after)),
        .change(delta ?? Document.difference(before, after), scale: scale),
      ])
    }
    add(Terms.top1, \.top1, deltas?.top1)
    add(Terms.macroF1, \.macroF1, deltas?.macroF1)
    add(Terms.auc, \.auc, deltas?.auc)
    add(Terms.ece, \.ece, nil)
    return table
  }

  /// How alike both models answer, whatever is right.
  private static func likeness(_ accuracy: AccuracyReport) -> [Document.Block] {
    var table = Document.Table([.text("Compiled against float"), .text("")])
    var terms: [Document.Term] = []
    func add(_ term: Document.Term, _ value: String?) {
      guard let value else { return }
      table.rows.append([.text(term.name), .text(value)])
      terms.append(term)
    }
    add(Terms.agreement, accuracy.agreement.map { Figures.percent($0) })
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

extension Document {
  /// A round number of percentage points, as a fraction, that no change and none of their intervals exceeds.
  static func scale(_ changes: [Estimate?]) -> Double {
    let largest = changes.compactMap { $0 }
      .flatMap { [$0.value, $0.low ?? 0, $0.high ?? 0] }
      .reduce(0) { max($0, abs($1)) }
    return [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].first { $0 >= largest } ?? 1
  }

  static func difference(_ before: Double?, _ after: Double?) -> Estimate? {
    before.flatMap { before in after.map { Estimate($0 - before) } }
  }
}

extension AccuracyReport {
  /// The output SQNR as text; nil where it was not measured.
  var outputLevel: String? {
    if let outputSQNR { return Figures.decibels(outputSQNR) }
    return maximumRelativeError == 0 ? "no difference" : nil
  }
}

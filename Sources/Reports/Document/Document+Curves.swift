import Metrics
import Texts

extension Document.Section {
  /// What other thresholds would give, and how far stated confidence can be relied on.
  static func curves(_ curves: AccuracyReport.Curves, _ accuracy: AccuracyReport) -> Document.Section {
    var section = Document.Section(title: "Thresholds and confidence")
    let roc = figure(.roc, curves, accuracy)
    let precisionRecall = figure(.precisionRecall, curves, accuracy)
    var figures = [roc, precisionRecall].filter { !$0.plots.isEmpty }.map { Document.Figure.curves($0) }
    let reliability = reliability(curves, accuracy)
    if let reliability { figures.append(.reliability(reliability)) }
    if !figures.isEmpty { section.blocks.append(.figures(figures)) }
    if let reliability {
      section.blocks.append(.folded("The numbers of this diagram", [.table(table(reliability))]))
    }
    return section
  }

  private static func figure(
    _ kind: Document.CurveFigure.Kind, _ curves: AccuracyReport.Curves, _ accuracy: AccuracyReport
  ) -> Document.CurveFigure {
    let plots = curves.compiled.classes.compactMap { compiled -> Document.CurvePlot? in
      let float = curves.float?.classes.first { $0.name == compiled.name }
      return plot(kind, float, compiled, accuracy)
    }
    let subject =
      plots.count == 1 ? plots[0].name : accuracy.multilabel != nil ? "each label" : "each class against the rest"
    let caption =
      switch kind {
      case .roc:
        "Sensitivity (up) and false alarms, the share of all other images called so (across), at every threshold. "
          + "The closer to the upper left corner, the better; the diagonal is guessing."
      // Drawn where abstaining is told of.
      case .riskCoverage: ""
      case .precisionRecall:
        "Precision (up) and recall (across) at every threshold; AP is the average precision. "
          + "The closer to the upper right corner, the better."
      }
    let name = kind == .roc ? "ROC" : "Precision and recall"
    return Document.CurveFigure(kind: kind, title: "\(name), \(subject)", caption: caption, plots: plots)
  }

  private static func plot(
    _ kind: Document.CurveFigure.Kind, _ float: CurvesReport.Class?, _ compiled: CurvesReport.Class,
    _ accuracy: AccuracyReport
  ) -> Document.CurvePlot? {
    func line(_ curve: CurvesReport.Class?) -> Document.CurvePlot.Line {
      let points = kind == .roc ? curve?.roc : curve?.precisionRecall
      return (points ?? []).map { ($0.x, $0.y) }
    }
    guard line(compiled).count > 1 else { return nil }
    let (before, after) = (
      OperatingPoint(compiled.name, accuracy, isFloat: true), OperatingPoint(compiled.name, accuracy, isFloat: false)
    )
    let name = Printable.name(compiled.name, limit: 30)
    let measure = kind == .roc ? "AUC" : "AP"
    let areas = [before, after].map { kind == .roc ? $0.area : $0.averagePrecision }
    let known = areas.compactMap { $0 }.map { Figures.percent($0) }
    let words: [String] =
      switch kind {
      case .roc: [("float", before), ("compiled", after)].compactMap { $1.rocWords(of: $0) }
      case .precisionRecall: [("float", before), ("compiled", after)].compactMap { $1.precisionWords(of: $0) }
      case .riskCoverage: []
      }
    let curveName = kind == .roc ? "ROC curve" : "Precision-recall curve"
    let area = known.isEmpty ? "" : ": \(measure) \(known.joined(separator: " → "))"
    return Document.CurvePlot(
      name: name, note: known.isEmpty ? "" : "\(measure) \(known.joined(separator: " → "))",
      description: "\(curveName) of \(name)\(area). "
        + (words.isEmpty ? "" : "As decided: \(words.joined(separator: "; "))."),
      float: line(float), compiled: line(compiled),
      floatPoint: kind == .roc ? before.roc : before.precisionRecall,
      compiledPoint: kind == .roc ? after.roc : after.precisionRecall)
  }

  // MARK: Reliability

  private static func reliability(
    _ curves: AccuracyReport.Curves, _ accuracy: AccuracyReport
  ) -> Document.ReliabilityFigure? {
    func bins(_ report: CurvesReport?) -> [Document.ReliabilityFigure.Bin?] {
      (report?.reliability ?? []).map { bin in
        guard bin.count > 0, let confidence = bin.confidence, let right = bin.right else { return nil }
        return .init(count: bin.count, confidence: confidence, right: right)
      }
    }
    let (float, compiled) = (bins(curves.float), bins(curves.compiled))
    guard compiled.contains(where: { $0 != nil }) else { return nil }
    let what =
      switch accuracy.task ?? .multiclass {
      case .binary: "the stated probability of \(Printable.name(accuracy.positive ?? "the finding", limit: 40))"
      case .multilabel: "the stated probability of a label"
      case .multiclass, .none: "the confidence stated for an answer"
      }
    let text = compiled.compactMap { $0 }.map {
      "stated \(Figures.percent($0.confidence, 0)), true of \(Figures.percent($0.right, 0)) of "
        + Figures.grouped($0.count)
    }
    return Document.ReliabilityFigure(
      caption:
        "\(what.prefix(1).uppercased() + what.dropFirst()) (across) and how often it came true (up). On the diagonal a model can be taken at "
        + "its word; below it, it is too sure. The larger a circle, the more answers; the bars count them.",
      description: "Reliability of the compiled model: \(text.joined(separator: "; ")).", float: float,
      compiled: compiled)
  }

  private static func table(_ figure: Document.ReliabilityFigure) -> Document.Table {
    var table = Document.Table(
      "Stated confidence and how often it came true",
      [
        .text("Stated"), .number("Answers, float"), .number("Came true, float"), .number("Answers, compiled"),
        .number("Came true, compiled"),
      ])
    let count = figure.compiled.count
    for index in 0..<count {
      let before = figure.float.indices.contains(index) ? figure.float[index] : nil
      let after = figure.compiled[index]
      guard before != nil || after != nil else { continue }
      let edges = [index, index + 1].map { Figures.decimal(100 * Double($0) / Double(count), 0) }
      table.rows.append([
        .text("\(edges[0])–\(edges[1]) %"), .text(Figures.grouped(before?.count ?? 0)),
        .text(Figures.percent(before?.right)), .text(Figures.grouped(after?.count ?? 0)),
        .text(Figures.percent(after?.right)),
      ])
    }
    return table
  }
}

/// Where a model that is run as it is stands on the curves of a class.
private struct OperatingPoint {
  var sensitivity: Double?
  var specificity: Double?
  var precision: Double?
  var area: Double?
  var averagePrecision: Double?

  init(_ name: String, _ accuracy: AccuracyReport, isFloat: Bool) {
    let label = accuracy.multilabel?.labels.first { $0.name == name }?.measures
    if let report = accuracy.positive == name ? accuracy.binary : label {
      let values = (isFloat ? report.float : report.compiled)?.values ?? [:]
      sensitivity = values[.sensitivity]
      specificity = values[.specificity]
      precision = values[.ppv]
      area = values[.rocAUC]
      averagePrecision = values[.averagePrecision]
      return
    }
    let model = isFloat ? accuracy.float : accuracy.compiled
    if let measures = model?.perClass.first(where: { $0.name == name }) {
      sensitivity = measures.recall
      specificity = measures.specificity
      precision = measures.precision
      area = measures.auc
      averagePrecision = measures.averagePrecision
    }
  }

  var roc: (x: Double, y: Double)? {
    sensitivity.flatMap { sensitivity in specificity.map { (1 - $0, sensitivity) } }
  }

  var precisionRecall: (x: Double, y: Double)? {
    sensitivity.flatMap { sensitivity in precision.map { (sensitivity, $0) } }
  }

  func rocWords(of model: String) -> String? {
    roc.map { "\(model) sensitivity \(Figures.percent($0.y)) with \(Figures.percent($0.x)) false alarms" }
  }

  func precisionWords(of model: String) -> String? {
    precisionRecall.map { "\(model) precision \(Figures.percent($0.y)) at recall \(Figures.percent($0.x))" }
  }
}

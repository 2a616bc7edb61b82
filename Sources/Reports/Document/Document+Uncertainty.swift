import Metrics
import Texts

extension Document.Section {
  /// Whether the model knows when it does not know: for a doctor, in words first.
  static func uncertainty(_ report: UncertaintyReport) -> Document.Section {
    var section = Document.Section(title: "How sure it is")
    section.blocks.append(.paragraph(words(report)))
    guard let measured = report.measured else {
      section.blocks.append(.notice("There are no evaluation data, so nothing tells whether this holds on others."))
      return section
    }
    section.blocks.append(
      .notice(
        "All of it holds for images like the \(Figures.grouped(report.data.count)) it was fitted on: the same camera, "
          + "the same patients, classes as frequent. With others, coverage and risk may be worse, and nothing here "
          + "shows it."))
    section.blocks += [.table(table(measured)), .terms(terms(report))]
    let figures = [reliability(measured).map { Document.Figure.reliability($0) }, risk(measured).map { .curves($0) }]
    section.blocks.append(.figures(figures.compactMap(\.self)))
    section.blocks.append(.table(classes(report, measured)))
    section.blocks.append(.folded("How many classes sets hold", [.table(sizes(measured))]))
    return section
  }

  private static func words(_ report: UncertaintyReport) -> String {
    let data = Figures.count(report.data.count, "labelled image")
    var text =
      "Fitted on \(data) that are not those reported on: a temperature of "
      + "\(Figures.decimal(report.temperature, 3)), which makes stated probabilities say how often answers are right"
    if let coverage = report.coverage {
      text +=
        "; prediction sets (\(report.method ?? "")), the classes an image may be of, meant to hold the right one "
        + "for \(Figures.percent(coverage, 0)) of images"
    }
    if let risk = report.risk {
      text +=
        report.threshold.map {
          "; and a confidence of \(Figures.percent($0)), below which it abstains, so that at most "
            + "\(Figures.percent(risk)) of its answers are wrong"
        } ?? "; no confidence holds \(Figures.percent(risk)) of wrong answers, so that it always abstains"
    } else {
      text += "; it abstains where a set has not one class"
    }
    if let alarms = report.falseAlarms {
      let means = report.tellsDistance ? ", told by their features" : ""
      text +=
        ", and from images unlike those fitted on\(means), for which "
        + "\(Figures.percent(alarms, 0)) of like ones are taken"
    }
    return text + ". To abstain is to say: someone else decides."
  }

  private static func terms(_ report: UncertaintyReport) -> [Document.Term] {
    [
      Document.Term(
        name: "Calibration error, Brier score, log loss",
        meaning: "how far probabilities are from what came true, as stated by the model and as calibrated; 0 is best."),
      Document.Term(
        name: "Coverage", meaning: "the share of images whose set holds the right class, with its 95 % interval."),
      Document.Term(
        name: "AURC",
        meaning: "the mean share of wrong answers when only the surest images are answered, over all shares of them; "
          + "what it is above the least that as many errors allow shows how well confidence tells right from wrong."),
      Document.Term(
        name: "Answered, wrong among them",
        meaning: "the share of images the model does not abstain from, and of these answers the share that is wrong."),
    ]
  }

  private static func table(_ measured: CertaintyComparison) -> Document.Table {
    var table = Document.Table(
      "Certainty on \(Figures.count(measured.samples, "evaluation image"))",
      [.text("Measure"), .number("Float"), .text("Compiled"), .text("Change")])
    table.isWide = true
    for measure in CertaintyMeasure.allCases {
      guard let after = measured.compiled.figures[measure] else { continue }
      table.rows.append([
        .text(name(measure)), .text(measured.float?.figures[measure].map { text(measure, Estimate($0.value)) } ?? "–"),
        .text(text(measure, after)), .text(measured.deltas[measure].map { change(measure, $0) } ?? "–"),
      ])
    }
    return table
  }

  private static func name(_ measure: CertaintyMeasure) -> String {
    switch measure {
    case .statedECE: "Calibration error, as stated"
    case .ece: "Calibration error, calibrated"
    case .statedBrier: "Brier score, as stated"
    case .brier: "Brier score, calibrated"
    case .statedLogLoss: "Log loss, as stated"
    case .logLoss: "Log loss, calibrated"
    case .aurc: "AURC"
    case .excessAURC: "AURC above the least"
    case .coverage: "Coverage of the sets"
    case .setSize: "Classes in a set"
    case .answered: "Answered"
    case .risk: "Wrong among them"
    }
  }

  /// Scores and sizes are no shares.
  private static func isNumber(_ measure: CertaintyMeasure) -> Bool {
    switch measure {
    case .statedBrier, .brier, .statedLogLoss, .logLoss, .setSize: true
    default: false
    }
  }

  private static func text(_ measure: CertaintyMeasure, _ value: Estimate) -> String {
    guard isNumber(measure) else { return Figures.percent(value) }
    return Figures.decimal(value.value, 3) + range(value) { Figures.decimal($0, 3) }
  }

  private static func change(_ measure: CertaintyMeasure, _ value: Estimate) -> String {
    guard isNumber(measure) else { return Figures.points(value) }
    return Figures.signed(value.value, 3) + range(value) { Figures.signed($0, 3) }
  }

  private static func range(_ value: Estimate, _ text: (Double) -> String) -> String {
    guard let low = value.low, let high = value.high else { return "" }
    return " (\(text(low)) … \(text(high)))"
  }

  private static func classes(_ report: UncertaintyReport, _ measured: CertaintyComparison) -> Document.Table {
    var table = Document.Table(
      "Prediction sets of each class",
      [
        .text("Class"), .number("Images"), .number("Coverage, float"), .text("Coverage, compiled"),
        .number("Classes in a set"),
      ])
    table.isWide = true
    for (index, entry) in measured.compiled.classes.enumerated() where entry.samples > 0 {
      let float = measured.float.flatMap { $0.classes.indices.contains(index) ? $0.classes[index].coverage : nil }
      table.rows.append([
        .text(Printable.name(report.classes.indices.contains(index) ? report.classes[index] : "\(index)", limit: 40)),
        .text(Figures.grouped(entry.samples)), .text(Figures.percent(float?.value)),
        .text(Figures.percent(entry.coverage)),
        .text(Figures.decimal(entry.setSize, 2)),
      ])
    }
    return table
  }

  private static func sizes(_ measured: CertaintyComparison) -> Document.Table {
    var table = Document.Table(
      "Sizes of prediction sets", [.text("Classes"), .number("Images, float"), .number("Images, compiled")])
    for (size, count) in measured.compiled.sizes.enumerated() {
      let float = measured.float.flatMap { $0.sizes.indices.contains(size) ? $0.sizes[size] : nil }
      guard count > 0 || (float ?? 0) > 0 else { continue }
      table.rows.append([
        .text("\(size)"), .text(float.map { Figures.grouped($0) } ?? "–"), .text(Figures.grouped(count)),
      ])
    }
    return table
  }

  // MARK: Pictures

  private static func reliability(_ measured: CertaintyComparison) -> Document.ReliabilityFigure? {
    func bins(_ bins: [ReliabilityBin]) -> [Document.ReliabilityFigure.Bin?] {
      bins.map { bin in
        guard bin.count > 0, let confidence = bin.confidence, let right = bin.right else { return nil }
        return .init(count: bin.count, confidence: confidence, right: right)
      }
    }
    let (stated, calibrated) = (bins(measured.compiled.statedReliability), bins(measured.compiled.reliability))
    guard calibrated.contains(where: { $0 != nil }) else { return nil }
    let text = calibrated.compactMap { $0 }.map {
      "stated \(Figures.percent($0.confidence, 0)), true of \(Figures.percent($0.right, 0)) of "
        + Figures.grouped($0.count)
    }
    var figure = Document.ReliabilityFigure(
      caption: "The compiled model's confidence (across) and how often it came true (up), as it states it and as "
        + "calibrated. On the diagonal it can be taken at its word; below it, it is too sure.",
      description: "Reliability of the calibrated compiled model: \(text.joined(separator: "; ")).", float: stated,
      compiled: calibrated)
    figure.title = "Reliability before and after calibration"
    (figure.ring, figure.dot) = ("as stated", "calibrated")
    return figure
  }

  private static func risk(_ measured: CertaintyComparison) -> Document.CurveFigure? {
    func line(_ model: CertaintyComparison.Model?) -> Document.CurvePlot.Line {
      (model?.riskCoverage ?? []).map { ($0.coverage, $0.risk) }
    }
    func point(_ model: CertaintyComparison.Model?) -> (x: Double, y: Double)? {
      guard let answered = model?.figures[.answered]?.value, let risk = model?.figures[.risk]?.value else { return nil }
      return (answered, risk)
    }
    guard line(measured.compiled).count > 1 else { return nil }
    let areas = [measured.float, measured.compiled].compactMap { $0?.figures[.aurc]?.value }.map { Figures.percent($0) }
    let note = "AURC \(areas.joined(separator: " → "))"
    let words = point(measured.compiled).map {
      " The compiled model answers \(Figures.percent($0.x)), of which \(Figures.percent($0.y)) are wrong."
    }
    return Document.CurveFigure(
      kind: .riskCoverage, title: "Risk over coverage",
      caption: "Of the images answered, the share answered wrongly (up), if only the surest share of all images is "
        + "answered (across). The lower the better; rings and dots are where the models abstain as fitted.",
      plots: [
        Document.CurvePlot(
          name: "all classes", note: note, description: "Risk over coverage: \(note).\(words ?? "")",
          float: line(measured.float), compiled: line(measured.compiled), floatPoint: point(measured.float),
          compiledPoint: point(measured.compiled))
      ])
  }
}

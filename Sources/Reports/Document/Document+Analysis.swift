import Texts

extension Document {
  /// What rounding costs: what to do about it first, then the network at a glance, then place by place.
  init(_ report: AnalysisReport) {
    self.init(title: "\(Printable.name(Report.fileName(report.model))) in int8: what each rounding costs")
    kind = "Analysis"
    lead = Document.lead(report)
    tiles = Document.tiles(report)
    sections = [
      Section(title: "What to do", blocks: [.list(report.advice)]), .costs(report), .worst(report),
      .allPlaces(report),
    ]
  }

  private static func lead(_ report: AnalysisReport) -> [String] {
    let apart =
      report.rangingSamples > 0
      ? "ranges are taken from \(Figures.count(report.rangingSamples, "other")) by \(report.estimator)"
      : "ranges are taken from the same, by \(report.estimator)"
    return [
      "What it costs the answers that int8 rounds, \(report.unit), as a mean over "
        + "\(Figures.count(report.samples, "sample")) without labels; \(apart)"
        + (report.equalizedText.map { "; \($0)." } ?? "."),
      "What a place costs alone is foretold from gradients of the float model's answers; the worst are measured, too.",
    ]
  }

  private static func tiles(_ report: AnalysisReport) -> [Tile] {
    func tile(_ label: String, _ cost: AnalysisReport.Cost, _ note: String) -> Tile {
      Tile(
        label: label, value: Figures.significant(cost.mean),
        note: "± \(Figures.significant(cost.standardError, 1)), \(note)")
    }
    var tiles = [
      tile("The int8 network", report.measured, "measured"), tile("All weights", report.weights, "foretold"),
      tile("All values", report.values, "foretold"),
    ]
    if let agreement = report.agreement {
      tiles.append(
        Tile(
          label: "Agreement with float", value: Figures.percent(agreement),
          note: "on \(Figures.count(report.samples, "sample"))"))
    }
    return tiles
  }
}

extension Document.Section {
  fileprivate static func costs(_ report: AnalysisReport) -> Document.Section {
    let places = report.places.map {
      Document.CostFigure.Place(
        isWeights: $0.kind == .weights, alone: $0.foretold?.mean ?? 0, upTo: $0.foretoldUpTo)
    }
    let worst = report.ranking.first.map { index in
      "Most of all costs \(report.places[index].whole): \(Figures.significant(report.cost(index)))."
    }
    let figure = Document.CostFigure(
      title: "Cost of each place alone, and of all up to it, foretold, \(report.unit)",
      caption: "From the input on the left to the output on the right. Where the line rises, errors add up; where it "
        + "falls, a later rounding happens to undo earlier ones.",
      description: "\(Figures.count(places.count, "place")) in the order of the network. \(worst ?? "")", places: places
    )
    return Document.Section(title: "The network at a glance", blocks: [.figures([.costs(figure)])])
  }

  /// Places that are listed before one has to ask for more.
  private static let mostListed = 20

  fileprivate static func worst(_ report: AnalysisReport) -> Document.Section {
    var table = Document.Table(
      "The worst places",
      [
        .text("Place"), .text("Operator"), .text("Rounded"), .number("Foretold"), .text("Share"), .number("Cumulated"),
        .number("Measured"), .text("In float it needs"), .number("Bytes more"),
      ])
    var cumulated = 0.0
    for index in report.ranking.prefix(mostListed) {
      let place = report.places[index]
      let share = report.sum > 0 ? report.cost(index) / report.sum : 0
      cumulated += share
      table.rows.append([
        .text(Printable.name(place.name)), .text(place.op), .text(place.kind.rawValue),
        .text(place.foretold?.text ?? "–"),
        .bar(Figures.percent(share), fraction: share), .text(Figures.percent(cumulated)),
        .text(place.measured?.text ?? ""),
        .text(place.layers.map { Printable.name($0) }.joined(separator: ", ")),
        .text(place.extraBytes > 0 ? Figures.bytes(place.extraBytes) : ""),
      ])
    }
    let term = Document.Term(
      name: "In float it needs",
      meaning:
        "the layers to name with --keep-float so that this place is not rounded. --min-agreement, --max-drop and "
        + "--max-kl find by themselves what has to stay float.")
    return Document.Section(title: "The worst", blocks: [.table(table), .terms([term])])
  }

  fileprivate static func allPlaces(_ report: AnalysisReport) -> Document.Section {
    var table = Document.Table(
      "All places, in the order of the network",
      [.text("Place"), .text("Operator"), .text("Rounded"), .number("Foretold"), .number("Up to here")])
    for place in report.places {
      table.rows.append([
        .text(Printable.name(place.name)), .text(place.op), .text(place.kind.rawValue),
        .text(place.foretold?.text ?? Printable.name(place.reason, limit: 200)),
        .text(place.foretoldUpTo.map { Figures.significant($0) } ?? ""),
      ])
    }
    return Document.Section(
      title: "Place by place",
      blocks: [.folded("All \(Figures.count(report.places.count, "place"))", [.table(table)])])
  }
}

extension AnalysisReport {
  /// What costs are counted in.
  var unit: String { isDivergence ? "KL(float || int8) in nats" : "squared error relative to the outputs' square" }
}

extension AnalysisReport.Place {
  /// As `the weights of conv1`.
  var whole: String {
    switch kind {
    case .weights: "the weights of \(Printable.name(name))"
    case .output: "the output of \(Printable.name(name))"
    case .input: "the input \(Printable.name(name))"
    }
  }
}

extension AnalysisReport.Cost {
  var text: String { "\(Figures.significant(mean)) ± \(Figures.significant(standardError, 1))" }
}

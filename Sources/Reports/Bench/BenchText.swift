import Math
import Runtime
import Texts

/// The figures of `dermc bench` for people.
package enum BenchText {
  /// How many of the layers furthest from the limit are named.
  private static let furthest = 5

  package static func make(_ result: BenchResult, perLayer: Bool) -> String {
    var lines = [summary(result.model, result), memory(result.model)]
    if let against = result.against {
      lines += [summary(against, result), memory(against)]
      lines.append("  \(ratio(result.model.bestSeconds, against.bestSeconds)) as fast")
    }
    if let bytes = result.peakProcessBytes { lines.append("  the process had \(Figures.bytes(bytes)) at most") }
    if perLayer {
      let peaks = BenchLayer.Precision.allCases.compactMap { precision in
        result.peaks[precision].map { "\(precision.rawValue) \(gigas($0.macsPerSecond)) GMAC/s (\($0.name))" }
      }
      lines += ["", "  peak, measured now on \(threads(result)): " + peaks.joined(separator: ", ")]
      lines += result.against.map { comparison(result, $0).lines(indent: 2) } ?? layers(result).lines(indent: 2)
      lines += ["", "  furthest from the limit: time beyond what the multiplications take at the peak"]
      lines += far(result).lines(indent: 2)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func threads(_ result: BenchResult) -> String { Figures.count(result.threads, "thread") }

  private static func summary(_ model: BenchModel, _ result: BenchResult) -> String {
    "\(Printable.name(model.name, limit: 200)): best \(milliseconds(model.bestSeconds)), "
      + "median \(milliseconds(model.medianSeconds)) of \(model.runs) runs, \(threads(result)), "
      + "\(result.instructionSet); load \(milliseconds(model.loadSeconds)), prepare \(milliseconds(model.prepareSeconds))"
  }

  private static func memory(_ model: BenchModel) -> String { "  memory \(model.memory.text)" }

  private static func milliseconds(_ seconds: Double) -> String { "\(Figures.decimal(seconds * 1e3, 3)) ms" }
  private static func microseconds(_ seconds: Double) -> String { Figures.decimal(seconds * 1e6, 1) }
  private static func gigas(_ rate: Double) -> String { Figures.decimal(rate / 1e9, 1) }
  private static func ratio(_ seconds: Double, _ others: Double) -> String {
    seconds > 0 && others > 0 ? "\(Figures.decimal(others / seconds, 2))×" : ""
  }

  /// The parts of a chain of layers, equal ones counted: `a + b + b` is `a + 2 b`.
  static func counted(_ names: String) -> String {
    var counts: [(name: String, count: Int)] = []
    for part in names.split(separator: " + ").map(String.init) {
      if let index = counts.firstIndex(where: { $0.name == part }) {
        counts[index].count += 1
      } else {
        counts.append((part, 1))
      }
    }
    return counts.map { $0.count == 1 ? $0.name : "\($0.count) \($0.name)" }.joined(separator: " + ")
  }

  // MARK: One model

  private static func layers(_ result: BenchResult) -> TextTable {
    let model = result.model
    var table = TextTable([
      ("layer", .left), ("operator", .left), ("kernel", .left), ("output", .left), ("us", .right), ("share", .right),
      ("GMAC/s", .right), ("of peak", .right),
    ])
    for layer in model.layers {
      table.add(
        [
          Printable.name(layer.name, limit: 48), counted(layer.op), counted(layer.implementation),
          Figures.shape(layer.output),
          microseconds(layer.bestSeconds), Figures.percent(layer.bestSeconds / model.layerSeconds),
        ] + rates(result, [layer]))
    }
    table.addTotal(
      [Figures.count(model.layers.count, "layer"), "", "", "", microseconds(model.layerSeconds), ""]
        + rates(result, model.layers))
    return table
  }

  /// GMAC/s and share of the peak of layers together; empty where they multiply nothing.
  private static func rates(_ result: BenchResult, _ layers: [BenchLayer]) -> [String] {
    let seconds = layers.reduce(0) { $0 + $1.bestSeconds }
    let macs = layers.reduce(0) { $0 + $1.macs }
    guard macs > 0, seconds > 0 else { return ["", ""] }
    // What they would take at their peaks.
    let limit = layers.reduce(0.0) { $0 + ($1.bestSeconds - (result.beyondLimit($1) ?? $1.bestSeconds)) }
    let share = layers.count == 1 ? result.peakShare(layers[0]) : limit / seconds
    return [gigas(Double(macs) / seconds), Figures.percent(share, 0)]
  }

  // MARK: Two models

  private static func comparison(_ result: BenchResult, _ against: BenchModel) -> TextTable {
    let titles = titles(result.model, against)
    var table = TextTable([
      ("layer", .left), ("operator", .left), ("output", .left), ("\(titles.against) us", .right), ("GMAC/s", .right),
      ("of peak", .right), ("\(titles.model) us", .right), ("GMAC/s", .right), ("of peak", .right), ("faster", .right),
    ])
    for row in LayerPairing(result.model.layers, against: against.layers).rows {
      let own = row.model.map { result.model.layers[$0] }
      let others = row.against.map { against.layers[$0] }
      guard let shown = (own + others).first(where: { $0.macs > 0 }) ?? (own + others).first else { continue }
      table.add(
        [Printable.name(shown.name, limit: 48), counted(shown.op), Figures.shape(shown.output)]
          + figures(result, others) + figures(result, own) + [ratio(seconds(own), seconds(others))])
    }
    table.addTotal(
      ["\(against.layers.count) and \(result.model.layers.count) layers", "", ""] + figures(result, against.layers)
        + figures(result, result.model.layers) + [ratio(result.model.layerSeconds, against.layerSeconds)])
    return table
  }

  /// Time, GMAC/s and share of the peak.
  private static func figures(_ result: BenchResult, _ layers: [BenchLayer]) -> [String] {
    layers.isEmpty ? ["", "", ""] : [microseconds(seconds(layers))] + rates(result, layers)
  }

  private static func seconds(_ layers: [BenchLayer]) -> Double { layers.reduce(0) { $0 + $1.bestSeconds } }

  private static func titles(_ model: BenchModel, _ against: BenchModel) -> (model: String, against: String) {
    model.precision == against.precision
      ? ("model", "other") : (model.precision.rawValue, against.precision.rawValue)
  }

  // MARK: Far from the limit

  private static func far(_ result: BenchResult) -> TextTable {
    var table = TextTable([
      ("layer", .left), ("kernel", .left), ("output", .left), ("us", .right), ("beyond", .right),
      ("of the whole", .right),
    ])
    for layer in result.furthestFromLimit(result.model).prefix(furthest) {
      let beyond = result.beyondLimit(layer) ?? 0
      table.add([
        Printable.name(layer.name, limit: 48), counted(layer.implementation), Figures.shape(layer.output),
        microseconds(layer.bestSeconds), microseconds(beyond), Figures.percent(beyond / result.model.layerSeconds),
      ])
    }
    return table
  }
}

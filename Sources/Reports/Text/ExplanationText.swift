import Metrics
import Texts

/// What is said of where two models look where there is room for a few lines.
extension ExplanationFidelity {
  /// For a terminal: in the mean, then what stands out.
  var lines: [String] {
    guard all.images > 0 else { return ["no image has a map (\(Figures.count(all.count(of: .neither), "image")))"] }
    var lines = [
      "like float on \(Figures.count(all.images, "image")): rank correlation \(all.text(.correlation)), overlap of the "
        + "top 20 % \(all.text(.overlap)), the centre moves \(all.text(.shift))"
    ]
    if let text = otherwise { lines.append(text) }
    let known = perClass.compactMap { entry in entry.measures.means[.overlap].map { (entry, $0) } }
    if known.count > 1, let least = known.min(by: { $0.1.value < $1.1.value }) {
      lines.append("least of \(Printable.name(least.0.name, limit: 40)): overlap \(Figures.percent(least.1))")
    }
    return lines
  }

  /// Images that lack a map; nil where none does.
  var otherwise: String? {
    var parts: [String] = []
    func add(_ count: Int, _ text: String) {
      if count > 0 { parts.append("\(Figures.count(count, "image")) \(text)") }
    }
    add(all.count(of: .onlyFloat), "of which only the float model has a map")
    add(all.count(of: .onlyCompiled), "of which only the compiled model has one")
    add(all.count(of: .neither), "of which neither has one, left out")
    add(failed, "of which no map could be made, left out")
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// A table and the images that differ most, for people; a line feed at the end.
  package var text: String {
    var table = TextTable([
      ("where they look", .left), ("images", .right), ("rank correlation", .right), ("top 20 % overlap", .right),
      ("centre moves", .right),
    ])
    for (name, measures) in [("all", all)] + perClass.map({ ($0.name, $0.measures) }) {
      table.add(
        [Printable.name(name, limit: 40), Figures.grouped(measures.images)]
          + MapFidelity.Measure.allCases.map { measures.text($0) })
    }
    var lines = table.lines()
    if let otherwise { lines.append(otherwise) }
    let least = worst.prefix(3).map {
      "\(Printable.name($0.file, limit: 100)) (\(Printable.name($0.name, limit: 40)), "
        + "\(Figures.percent($0.comparison.overlap)))"
    }
    if !least.isEmpty { lines.append("least overlap: " + least.joined(separator: ", ")) }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension MapFidelity {
  /// The mean of a measure with its interval: `0.98 (0.96 … 0.99)`, `91.3 % (88.0 … 94.0)`.
  func text(_ measure: Measure, median isMedian: Bool = false) -> String {
    let estimate = isMedian ? medians[measure] : means[measure]
    guard let estimate else { return "–" }
    // Centres move little.
    let (factor, places, unit) =
      switch measure {
      case .correlation: (1.0, 3, "")
      case .overlap: (100.0, 1, " %")
      case .shift: (100.0, 2, " %")
      }
    let value = Figures.decimal(factor * estimate.value, places) + unit
    guard let low = estimate.low, let high = estimate.high else { return value }
    return "\(value) (\(Figures.decimal(factor * low, places)) … \(Figures.decimal(factor * high, places)))"
  }
}

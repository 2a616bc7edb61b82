/// What roundings cost in the order of the network: a column for each place alone, and below a line of what all up to a
/// place cost together. Weights are dark and values are light, so that no colour is needed to tell them apart.
enum CostChart {
  private static let (width, left, top, gap) = (720.0, 64.0, 8.0, 26.0)
  private static let (aloneHeight, upToHeight) = (150.0, 90.0)

  static func write(_ figure: Document.CostFigure, _ html: inout HTMLWriter) {
    html.element("figure", ["class": "wide"]) { html in
      html.element("p", ["class": "figure-title"], text: figure.title)
      draw(figure, &html)
      html.element("p", ["class": "legend"]) { html in
        entry("weights", "weights and bias of a layer", &html)
        entry("values", "a value: input, or output of a node", &html)
      }
      html.element("figcaption", text: figure.caption)
    }
  }

  private static func draw(_ figure: Document.CostFigure, _ html: inout HTMLWriter) {
    let places = figure.places
    let (right, bottom) = (left + width, top + aloneHeight + gap + upToHeight)
    let (all, height) = (SVG.number(right + 8), SVG.number(bottom + 18))
    html.element(
      "svg",
      [
        "class": "plot", "viewBox": "0 0 \(all) \(height)", "width": all, "height": height, "role": "img",
        "aria-label": figure.description,
      ]
    ) { svg in
      let step = width / Double(max(1, places.count))
      let highest = places.reduce(0) { max($0, finite($1.alone)) }
      axis("alone", highest, top: top, height: aloneHeight, into: &svg)
      for (index, place) in places.enumerated() {
        let height = highest > 0 ? aloneHeight * finite(place.alone) / highest : 0
        guard height >= 0.05 else { continue }
        SVG.rectangle(
          place.isWeights ? "weights cost" : "values cost", x: left + step * Double(index),
          y: top + aloneHeight - height, width: max(0.3, 0.85 * step), height: height, into: &svg)
      }
      let most = places.reduce(0) { max($0, finite($1.upTo ?? 0)) }
      let start = top + aloneHeight + gap
      axis("up to here", most, top: start, height: upToHeight, into: &svg)
      let points = places.enumerated().compactMap { index, place in
        place.upTo.map {
          (left + step * (Double(index) + 0.5), start + upToHeight * (1 - (most > 0 ? finite($0) / most : 0)))
        }
      }
      if points.count > 1 {
        svg.empty("polyline", ["class": "compiled curve", "points": SVG.coordinates(points)])
      }
      SVG.text("input", left, bottom + 14, .start, into: &svg)
      SVG.text("output", right, bottom + 14, .end, into: &svg)
    }
  }

  /// A frame from 0 to the largest number.
  private static func axis(
    _ name: String, _ most: Double, top: Double, height: Double, into svg: inout HTMLWriter
  ) {
    SVG.line("axis", left, top, left + width, top, into: &svg)
    SVG.line("zero", left, top + height, left + width, top + height, into: &svg)
    SVG.text(Figures.significant(most), left - 6, top + 8, .end, into: &svg)
    SVG.text("0", left - 6, top + height, .end, into: &svg)
    SVG.text(name, left - 6, top + height / 2, .end, into: &svg)
  }

  private static func finite(_ x: Double) -> Double { x.isFinite ? max(0, x) : 0 }

  private static func entry(_ kind: String, _ text: String, _ html: inout HTMLWriter) {
    html.element("span") { html in
      html.element("svg", ["viewBox": "0 0 14 14", "width": "14", "height": "14", "aria-hidden": "true"]) { svg in
        SVG.rectangle("\(kind) cost", x: 1, y: 1, width: 12, height: 12, into: &svg)
      }
      html.write(text)
    }
    html.write(" ")
  }
}

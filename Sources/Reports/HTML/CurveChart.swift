/// ROC or precision-recall curves of both models, the float one's broad and pale with the compiled one's thin and dark
/// over it, so that no colour is needed to tell them apart.
enum CurveChart {
  static func write(_ figure: Document.CurveFigure, _ html: inout HTMLWriter) {
    let isOne = figure.plots.count == 1
    html.element("figure", ["class": isOne ? "one" : "many"]) { html in
      html.element("p", ["class": "figure-title"], text: figure.title)
      html.element("div", ["class": "plots"]) { html in
        for plot in figure.plots {
          html.lineBreak()
          html.element("div") { html in
            html.element("p", ["class": "plot-title"]) { html in
              if !isOne { html.element("strong", text: plot.name) }
              html.write(plot.note)
            }
            draw(plot, figure.kind, on: Plot(side: isOne ? 260 : 160), into: &html)
          }
        }
      }
      ModelLegend.write(
        float: "float: broad line; ring: as it decides", compiled: "compiled: thin line; dot: as it decides",
        hasFloat: figure.plots.contains { $0.float.count > 1 }, &html)
      html.element("figcaption", text: figure.caption)
    }
  }

  private static func draw(
    _ curve: Document.CurvePlot, _ kind: Document.CurveFigure.Kind, on plot: Plot, into html: inout HTMLWriter
  ) {
    plot.draw(label: curve.description, into: &html) { svg in
      if kind == .roc { SVG.line("guess", plot.x(0), plot.y(0), plot.x(1), plot.y(1), into: &svg) }
      for (name, line) in [("float curve", curve.float), ("compiled curve", curve.compiled)] where line.count > 1 {
        let points = thinned(line.map { (plot.x($0.x), plot.y($0.y)) })
        svg.empty("polyline", ["class": name, "points": SVG.coordinates(points)])
      }
      if let point = curve.floatPoint {
        SVG.circle("float point", plot.x(point.x), plot.y(point.y), radius: 6, into: &svg)
      }
      if let point = curve.compiledPoint {
        SVG.circle("compiled point", plot.x(point.x), plot.y(point.y), radius: 3.2, into: &svg)
      }
    }
  }

  /// Without points nobody could see, the last one always there.
  private static func thinned(_ points: [(Double, Double)]) -> [(Double, Double)] {
    var kept: [(Double, Double)] = []
    for (index, point) in points.enumerated() {
      if let last = kept.last, index + 1 < points.count, abs(point.0 - last.0) + abs(point.1 - last.1) < 0.5 {
        continue
      }
      kept.append(point)
    }
    return kept
  }
}

/// Which model is drawn how, in words.
enum ModelLegend {
  static func write(float: String, compiled: String, hasFloat: Bool, _ html: inout HTMLWriter) {
    html.element("p", ["class": "legend"]) { html in
      if hasFloat { entry("float", float, radius: 5, &html) }
      entry("compiled", compiled, radius: 3.2, &html)
    }
  }

  private static func entry(_ model: String, _ text: String, radius: Double, _ html: inout HTMLWriter) {
    html.element("span") { html in
      html.element("svg", ["viewBox": "0 0 34 14", "width": "34", "height": "14", "aria-hidden": "true"]) { svg in
        SVG.line("\(model) curve", 1, 7, 33, 7, into: &svg)
        SVG.circle("\(model) point", 17, 7, radius: radius, into: &svg)
      }
      html.write(text)
    }
    html.write(" ")
  }
}

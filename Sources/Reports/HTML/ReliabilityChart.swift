/// Stated confidence against what came true: circles as large as their count, and bars that count below.
enum ReliabilityChart {
  private static let barHeight = 44.0
  /// Between the square's numbers and the bars, for the counts above them.
  private static let gap = 22.0

  static func write(_ figure: Document.ReliabilityFigure, _ html: inout HTMLWriter) {
    let plot = Plot(side: 260)
    let bins = (figure.float + figure.compiled).compactMap { $0 }
    let most = Double(max(1, bins.map(\.count).max() ?? 1))
    html.element("figure", ["class": "one"]) { html in
      html.element("p", ["class": "figure-title"], text: figure.title)
      html.element("p", ["class": "plot-title"], text: "in \(figure.compiled.count) steps")
      plot.draw(label: figure.description, below: gap + barHeight, into: &html) { svg in
        SVG.line("guess", plot.x(0), plot.y(0), plot.x(1), plot.y(1), into: &svg)
        for (name, bins) in [("float point", figure.float), ("compiled point", figure.compiled)] {
          for bin in bins.compactMap({ $0 }) {
            // The ring lies around the dot where both are alike.
            let radius = 2.5 + 9 * (Double(bin.count) / most).squareRoot() + (name == "float point" ? 2 : 0)
            SVG.circle(name, plot.x(bin.confidence), plot.y(bin.right), radius: radius, into: &svg)
          }
        }
        bars(figure, most, on: plot, into: &svg)
      }
      ModelLegend.write(
        float: "\(figure.ring): ring, framed bar", compiled: "\(figure.dot): dot, solid bar with its count",
        hasFloat: figure.float.contains { $0 != nil }, &html)
      html.element("figcaption", text: figure.caption)
    }
  }

  private static func bars(
    _ figure: Document.ReliabilityFigure, _ most: Double, on plot: Plot, into svg: inout HTMLWriter
  ) {
    let base = plot.height + gap + barHeight - 2
    let count = max(1, figure.compiled.count)
    let step = plot.side / Double(count)
    SVG.line("zero", plot.left, base, plot.left + plot.side, base, into: &svg)
    for index in 0..<count {
      let start = plot.left + step * Double(index)
      if figure.float.indices.contains(index), let bin = figure.float[index] {
        let height = barHeight * Double(bin.count) / most
        SVG.rectangle("framed", x: start + 1.5, y: base - height, width: step - 3, height: height, into: &svg)
      }
      if figure.compiled.indices.contains(index), let bin = figure.compiled[index] {
        let height = barHeight * Double(bin.count) / most
        SVG.rectangle("fill", x: start + 4, y: base - height, width: step - 8, height: height, into: &svg)
        SVG.text(Figures.short(bin.count), start + step / 2, base - height - 4, name: "count", into: &svg)
      }
    }
  }
}

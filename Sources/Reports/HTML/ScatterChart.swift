/// Points over two axes: dots on the front, which a stepped line joins, rings elsewhere; bars are their intervals. A
/// number at each point is that of its row in the table. No colour is needed to read it.
enum ScatterChart {
  private static let width = 420.0
  private static let height = 300.0
  private static let (left, top, right, bottom) = (64.0, 12.0, 22.0, 42.0)

  static func write(_ figure: Document.ScatterFigure, _ html: inout HTMLWriter) {
    html.element("figure", ["class": "scatter"]) { html in
      html.element("p", ["class": "figure-title"], text: figure.title)
      draw(figure, &html)
      html.element("p", ["class": "legend"]) { html in
        entry("dot: on the front", &html) { SVG.circle("compiled point", 17, 7, radius: 4, into: &$0) }
        entry("ring: something is at least as good in both", &html) {
          SVG.circle("float point", 17, 7, radius: 4, into: &$0)
        }
        if figure.points.contains(where: { $0.low != nil }) {
          entry("bar: 95 % interval", &html) { SVG.line("interval", 17, 0, 17, 14, into: &$0) }
        }
      }
      html.element("figcaption", text: figure.caption)
    }
  }

  private static func entry(
    _ text: String, _ html: inout HTMLWriter, _ draw: (inout HTMLWriter) -> Void
  ) {
    html.element("span") { html in
      html.element("svg", ["viewBox": "0 0 34 14", "width": "34", "height": "14", "aria-hidden": "true"], draw)
      html.write(text)
    }
    html.write(" ")
  }

  private static func x(_ value: Double, _ figure: Document.ScatterFigure) -> Double {
    left + (width - left - right) * figure.across.axis.position(value)
  }

  private static func y(_ value: Double, _ figure: Document.ScatterFigure) -> Double {
    height - bottom - (height - top - bottom) * figure.up.axis.position(value)
  }

  private static func draw(_ figure: Document.ScatterFigure, _ html: inout HTMLWriter) {
    let size = (SVG.number(width), SVG.number(height))
    html.element(
      "svg",
      [
        "class": "plot", "viewBox": "0 0 \(size.0) \(size.1)", "width": size.0, "height": size.1, "role": "img",
        "aria-label": figure.description,
      ]
    ) { svg in
      let (end, base) = (width - right, height - bottom)
      SVG.rectangle("frame", x: left, y: top, width: end - left, height: base - top, into: &svg)
      for tick in figure.across.axis.ticks {
        let place = x(tick, figure)
        SVG.line("axis", place, top, place, base, into: &svg)
        SVG.text(figure.across.text(tick), place, base + 15, into: &svg)
      }
      for tick in figure.up.axis.ticks {
        let place = y(tick, figure)
        SVG.line("axis", left, place, end, place, into: &svg)
        SVG.text(figure.up.text(tick), left - 6, place + 4, .end, into: &svg)
      }
      SVG.text(figure.across.name, (left + end) / 2, height - 6, into: &svg)
      for point in figure.points {
        guard let low = point.low, let high = point.high else { continue }
        let place = x(point.x, figure)
        SVG.line("interval", place, y(low, figure), place, y(high, figure), into: &svg)
      }
      let front = figure.points.filter(\.isOnFront).sorted { $0.x < $1.x }
      let corners = steps(front.map { (x($0.x, figure), y($0.y, figure)) })
      if front.count > 1 { svg.empty("polyline", ["class": "front curve", "points": SVG.coordinates(corners)]) }
      let places = figure.points.map { (x: x($0.x, figure), y: y($0.y, figure)) }
      for (point, place) in zip(figure.points, places) {
        SVG.circle(point.isOnFront ? "compiled point" : "float point", place.x, place.y, radius: 4, into: &svg)
      }
      number(figure.points.map(\.label), at: places, into: &svg)
    }
  }

  /// Where a number may stand beside its point: its middle, from there.
  private static let besides = [(11.0, -6.0), (-11.0, -6.0), (11.0, 14.0), (-11.0, 14.0), (0.0, -9.0), (0.0, 18.0)]

  /// Writes each number beside its point, where it covers least of what is there already.
  private static func number(_ labels: [String], at places: [(x: Double, y: Double)], into svg: inout HTMLWriter) {
    var taken: [(x: Double, y: Double)] = []
    for (label, place) in zip(labels, places) {
      let choices = besides.map { (x: place.x + $0.0, y: place.y + $0.1) }
      func overlaps(_ choice: (x: Double, y: Double)) -> Int {
        taken.count { abs($0.x - choice.x) < 15 && abs($0.y - choice.y) < 11 }
          + places.count { abs($0.x - choice.x) < 10 && abs($0.y + 4 - choice.y) < 9 }
      }
      let best = choices.enumerated().min { (overlaps($0.element), $0.offset) < (overlaps($1.element), $1.offset) }
      guard let best = best?.element else { continue }
      taken.append(best)
      SVG.text(label, best.x, best.y, name: "number", into: &svg)
    }
  }

  /// Along the front: what a size reaches holds until the next size reaches more.
  private static func steps(_ points: [(Double, Double)]) -> [(Double, Double)] {
    var corners: [(Double, Double)] = []
    for point in points {
      if let last = corners.last { corners.append((point.0, last.1)) }
      corners.append(point)
    }
    return corners
  }
}

/// A bar of a fraction of the full length, beside the number it stands for.
enum BarChart {
  private static let length = 72.0

  static func draw(fraction: Double, into html: inout HTMLWriter) {
    html.element(
      "svg",
      [
        "class": "bar", "viewBox": "0 0 \(SVG.number(length)) 8", "width": SVG.number(length), "height": "8",
        "aria-hidden": "true",
      ]
    ) { svg in
      SVG.rectangle("track", x: 0, y: 0, width: length, height: 8, round: 3, into: &svg)
      let filled = length * max(0, min(1, fraction.isFinite ? fraction : 0))
      guard filled >= 0.5 else { return }
      SVG.rectangle("fill", x: 0, y: 0, width: filled, height: 8, round: 3, into: &svg)
    }
  }
}

/// A square from 0 to 100 % both ways, with its frame and numbers: what curves and reliability are drawn on.
struct Plot {
  /// Of the square.
  let side: Double
  let left = 40.0
  let top = 8.0
  private let right = 22.0
  private let bottom = 20.0

  var width: Double { left + side + right }
  var height: Double { top + side + bottom }

  func x(_ value: Double) -> Double { left + side * Plot.fraction(value) }
  func y(_ value: Double) -> Double { top + side * (1 - Plot.fraction(value)) }

  private static func fraction(_ value: Double) -> Double { value.isFinite ? max(0, min(1, value)) : 0 }

  /// - Parameter label: the drawing in words
  func draw(
    label: String, below extra: Double = 0, into html: inout HTMLWriter, _ content: (inout HTMLWriter) -> Void
  ) {
    let (width, height) = (SVG.number(width), SVG.number(height + extra))
    html.element(
      "svg",
      [
        "class": "plot", "viewBox": "0 0 \(width) \(height)", "width": width, "height": height, "role": "img",
        "aria-label": label,
      ]
    ) { svg in
      SVG.rectangle("frame", x: left, y: top, width: side, height: side, into: &svg)
      for value in [0.25, 0.5, 0.75] {
        SVG.line("axis", x(value), top, x(value), top + side, into: &svg)
        SVG.line("axis", left, y(value), left + side, y(value), into: &svg)
      }
      for (value, text) in [(0, "0"), (0.5, "50"), (1, "100 %")] {
        SVG.text(text, left - 5, y(value) + 4, .end, into: &svg)
        SVG.text(text, x(value), top + side + 14, into: &svg)
      }
      content(&svg)
    }
  }
}

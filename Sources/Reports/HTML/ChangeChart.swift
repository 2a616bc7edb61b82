import Metrics

/// A change and its interval on a short axis, beside the numbers that say the same.
enum ChangeChart {
  private static let width = 132.0
  private static let height = 18.0
  /// The part of the axis that stands for minus to plus the scale.
  private static let part = 0.96

  /// Zero is in the middle. What exceeds the scale ends in an arrow.
  static func draw(_ delta: Estimate, scale: Double, into html: inout HTMLWriter) {
    let middle = height / 2
    func x(_ value: Double) -> Double { (width / 2) * (1 + max(-1, min(1, value / scale)) * part) }
    html.element(
      "svg",
      [
        "class": "change \(Findings.tone(delta).rawValue)", "viewBox": "0 0 \(SVG.number(width)) \(SVG.number(height))",
        "width": SVG.number(width), "height": SVG.number(height), "aria-hidden": "true",
      ]
    ) { svg in
      SVG.line("axis", 0, middle, width, middle, into: &svg)
      SVG.line("zero", width / 2, 1, width / 2, height - 1, into: &svg)
      if let low = delta.low, let high = delta.high {
        SVG.rectangle(
          "range", x: x(low), y: middle - 4, width: max(2, x(high) - x(low)), height: 8, round: 4, into: &svg)
        if low < -scale { arrow(toLeft: true, into: &svg) }
        if high > scale { arrow(toLeft: false, into: &svg) }
      }
      if abs(delta.value) <= scale {
        SVG.circle("value", x(delta.value), middle, radius: 3.5, into: &svg)
      } else {
        arrow(toLeft: delta.value < 0, into: &svg)
      }
    }
  }

  private static func arrow(toLeft: Bool, into svg: inout HTMLWriter) {
    let (tip, base) = toLeft ? (0.0, 7.0) : (width, width - 7)
    SVG.polygon("value", [(tip, height / 2), (base, height / 2 - 5), (base, height / 2 + 5)], into: &svg)
  }
}

/// Small drawings inside tables, as SVG in the page.
enum Charts {
  private static let width = 132.0
  private static let height = 18.0

  /// A change and its interval on an axis from minus to plus `scale`, zero in the middle.
  static func change(_ delta: Estimate, scale: Double, into html: inout HTMLWriter) {
    func x(_ value: Double) -> Double { (width / 2) * (1 + max(-1, min(1, value / scale)) * 0.96) }
    let middle = number(height / 2)
    html.element(
      "svg",
      [
        "class": "change \(Findings.tone(delta).rawValue)", "viewBox": "0 0 \(number(width)) \(number(height))",
        "width": number(width), "height": number(height), "aria-hidden": "true",
      ]
    ) { svg in
      svg.empty("line", ["class": "axis", "x1": "0", "x2": number(width), "y1": middle, "y2": middle])
      svg.empty(
        "line",
        ["class": "zero", "x1": number(width / 2), "x2": number(width / 2), "y1": "1", "y2": number(height - 1)])
      if let low = delta.low, let high = delta.high {
        svg.empty(
          "rect",
          [
            "class": "range", "x": number(x(low)), "y": number(height / 2 - 4), "rx": "4",
            "width": number(max(2, x(high) - x(low))), "height": "8",
          ])
      }
      svg.empty("circle", ["class": "value", "cx": number(x(delta.value)), "cy": middle, "r": "3.5"])
    }
  }

  /// A bar of a fraction of the full length.
  static func bar(fraction: Double, into html: inout HTMLWriter) {
    let length = 72.0
    html.element(
      "svg",
      [
        "class": "bar", "viewBox": "0 0 \(number(length)) 8", "width": number(length), "height": "8",
        "aria-hidden": "true",
      ]
    ) { svg in
      svg.empty("rect", ["class": "track", "x": "0", "y": "0", "rx": "3", "width": number(length), "height": "8"])
      let filled = length * max(0, min(1, fraction.isFinite ? fraction : 0))
      guard filled >= 0.5 else { return }
      svg.empty("rect", ["class": "fill", "x": "0", "y": "0", "rx": "3", "width": number(filled), "height": "8"])
    }
  }

  /// A coordinate, to a tenth, with the ASCII minus that SVG wants.
  private static func number(_ x: Double) -> String {
    let text = Figures.decimal(x.magnitude, 1)
    return (x < 0 ? "-" : "") + (text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }
}

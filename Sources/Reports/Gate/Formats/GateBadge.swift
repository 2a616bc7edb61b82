extension GateFormat {
  /// A badge for a page of the repository, as SVG.
  static let badge = GateFormat(name: "badge", summary: "a badge (SVG)") { run in
    let (label, message) = ("dermc", run.verdict)
    let parts = [label, message].map { SVG.number(7 * Double($0.count) + 12) }
    let widths = [label, message].map { 7 * Double($0.count) + 12 }
    let width = widths[0] + widths[1]
    var svg = HTMLWriter()
    svg.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": SVG.number(width), "height": "20", "role": "img",
        "aria-label": "\(label): \(message)",
      ]
    ) { svg in
      svg.element("title", text: "\(label): \(message)")
      svg.empty("rect", ["width": parts[0], "height": "20", "fill": "#444"])
      svg.empty(
        "rect", ["x": parts[0], "width": parts[1], "height": "20", "fill": run.passes ? "#2a7a3b" : "#b3261e"])
      for (text, middle) in [(label, widths[0] / 2), (message, widths[0] + widths[1] / 2)] {
        svg.element(
          "text",
          [
            "x": SVG.number(middle), "y": "14", "fill": "#fff", "text-anchor": "middle",
            "font-family": "Verdana,DejaVu Sans,sans-serif", "font-size": "11",
          ], text: text)
      }
    }
    svg.lineBreak()
    return svg.text
  }
}

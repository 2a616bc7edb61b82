/// What the drawings of a page share.
enum SVG {
  /// A coordinate, to a tenth, with the ASCII minus that SVG wants; 0 where it is not a number.
  static func number(_ x: Double) -> String {
    guard x.isFinite else { return "0" }
    let text = Figures.decimal(x.magnitude, 1)
    return (x < 0 && text != "0.0" ? "-" : "") + (text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
  }

  static func line(
    _ name: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, into svg: inout HTMLWriter
  ) {
    svg.empty(
      "line", ["class": name, "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2)])
  }

  static func rectangle(
    _ name: String, x: Double, y: Double, width: Double, height: Double, round: Double = 0, into svg: inout HTMLWriter
  ) {
    svg.empty(
      "rect",
      [
        "class": name, "x": number(x), "y": number(y), "rx": round == 0 ? "" : number(round), "width": number(width),
        "height": number(height),
      ])
  }

  static func circle(_ name: String, _ x: Double, _ y: Double, radius: Double, into svg: inout HTMLWriter) {
    svg.empty("circle", ["class": name, "cx": number(x), "cy": number(y), "r": number(radius)])
  }

  static func polygon(_ name: String, _ points: [(Double, Double)], into svg: inout HTMLWriter) {
    svg.empty("polygon", ["class": name, "points": coordinates(points)])
  }

  static func coordinates(_ points: [(Double, Double)]) -> String {
    points.map { "\(number($0.0)),\(number($0.1))" }.joined(separator: " ")
  }

  enum Anchor: String { case start, middle, end }

  static func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: Anchor = .middle, name: String = "", into svg: inout HTMLWriter
  ) {
    svg.element(
      "text", ["class": name, "x": number(x), "y": number(y), "text-anchor": anchor.rawValue], text: text)
  }
}

/// A confusion matrix: the shade of a cell is its share of its row.
enum HTMLMatrix {
  static func write(_ matrix: Document.Matrix, _ html: inout HTMLWriter) {
    html.element("div", ["class": "scroll"]) { html in
      html.element("table", ["class": "matrix"]) { html in
        html.element("caption", text: matrix.title)
        html.element("thead") { html in
          html.element("tr") { html in
            html.element("td", text: "")
            for name in matrix.names { html.element("th", ["scope": "col"], text: name) }
          }
        }
        html.element("tbody") { html in
          for (line, counts) in matrix.counts.enumerated() { row(counts, line, matrix, &html) }
        }
      }
    }
  }

  private static func row(_ counts: [Int], _ line: Int, _ matrix: Document.Matrix, _ html: inout HTMLWriter) {
    let total = Double(max(1, counts.reduce(0, +)))
    html.lineBreak()
    html.element("tr") { html in
      html.element("th", ["scope": "row"], text: matrix.names[line])
      for (column, count) in counts.enumerated() {
        let shade = 0.6 * Double(count) / total + (count > 0 ? 0.04 : 0)
        html.element(
          "td",
          [
            "class": line == column ? "right" : "",
            "style": "background: rgba(var(--heat), \(Figures.decimal(shade, 2)))",
          ]
        ) { html in
          html.write(Figures.grouped(count))
          let change = count - (matrix.reference?[line][column] ?? count)
          guard change != 0 else { return }
          html.write(" ")
          html.element("small", text: Figures.signed(Double(change), 0))
        }
      }
    }
  }
}

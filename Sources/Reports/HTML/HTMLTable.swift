import Signing

/// A table in a box that scrolls, so that the page never does. One that is wide or says what changed is stacked on
/// narrow screens, a row as a block whose cells name their columns.
enum HTMLTable {
  static func write(_ table: Document.Table, _ html: inout HTMLWriter) {
    html.element("div", ["class": "scroll"]) { html in
      html.element("table", ["class": table.isStacked ? "stacked" : ""]) { html in
        html.element("caption", text: table.caption)
        if !table.columns.allSatisfy(\.title.isEmpty) { head(table, &html) }
        html.element("tbody") { html in
          for cells in table.rows { row(cells, table, &html, named: true) }
        }
        if !table.totals.isEmpty {
          html.element("tfoot") { html in
            for cells in table.totals { row(cells, table, &html, named: false) }
          }
        }
      }
    }
  }

  private static func head(_ table: Document.Table, _ html: inout HTMLWriter) {
    html.element("thead") { html in
      html.element("tr") { html in
        for (index, column) in table.columns.enumerated() {
          html.element("th", ["class": column.isNumber ? "number" : "", "scope": "col"]) { html in
            html.write(column.title)
            if let axis = table.axis(of: index) { html.element("small", text: axis) }
          }
        }
      }
    }
  }

  private static func row(
    _ cells: [Document.Cell], _ table: Document.Table, _ html: inout HTMLWriter, named: Bool
  ) {
    html.lineBreak()
    html.element("tr") { html in
      for (index, cell) in cells.enumerated() {
        guard index > 0 || !named else {
          html.element("th", ["scope": "row"]) { write(cell, &$0) }
          continue
        }
        let column = table.columns.indices.contains(index) ? table.columns[index] : .text("")
        let kind = column.isNumber ? "number" : cell.isDrawn ? "drawn" : cell.isWord ? "word" : ""
        let label = table.isStacked ? column.title + (table.axis(of: index) ?? "") : ""
        html.element("td", ["class": kind, "data-label": label]) { write(cell, &$0) }
      }
    }
  }

  private static func write(_ cell: Document.Cell, _ html: inout HTMLWriter) {
    switch cell {
    case .text(let text): html.write(text)
    case .code(let text): html.element("code", text: text)
    case .change(let delta, let scale):
      if let delta { ChangeChart.draw(delta, scale: scale, into: &html) }
      html.write(Figures.points(delta))
    case .bar(let text, let fraction):
      BarChart.draw(fraction: fraction, into: &html)
      html.write(text)
    case .pictured(let name, let picture):
      if let picture {
        html.empty(
          "img", ["src": "data:image/jpeg;base64,\(Base64.encode(picture))", "alt": "Thumbnail of \(name)"])
      }
      html.write(name)
    case .picture(let picture, let words):
      html.empty(
        "img",
        [
          "src": "data:image/jpeg;base64,\(Base64.encode(picture.bytes))", "alt": words,
          "width": "\(picture.width)", "height": "\(picture.height)",
        ])
    }
  }
}

extension Document.Table {
  /// What the ends of a column's axis stand for; nil where nothing is drawn on one.
  fileprivate func axis(of column: Int) -> String? {
    for row in rows where row.indices.contains(column) {
      if case .change(_, let scale) = row[column] { return " (axis ±\(Figures.decimal(100 * scale, 0)) pp)" }
    }
    return nil
  }

  fileprivate var isStacked: Bool {
    let isDrawnOn =
      rows.first?.contains { cell in
        switch cell {
        case .change, .pictured, .picture: true
        case .text, .code, .bar: false
        }
      } ?? false
    return isWide || isDrawnOn
  }
}

extension Document.Cell {
  /// Short enough that breaking it would only hurt.
  fileprivate var isWord: Bool {
    guard case .text(let text) = self else { return false }
    return text.count <= 24
  }

  fileprivate var isDrawn: Bool {
    switch self {
    case .change, .bar: true
    case .text, .code, .pictured, .picture: false
    }
  }
}

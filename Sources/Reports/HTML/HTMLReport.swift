/// The report as one page that needs nothing else: no scripts, no fonts, no files beside it.
package enum HTMLReport {
  package static func make(_ report: Report) -> String {
    HTMLPage.write(Document(report), generator: "dermc \(report.dermc)")
  }
}

enum HTMLPage {
  static func write(_ document: Document, generator: String) -> String {
    var html = HTMLWriter()
    html.markup("<!DOCTYPE html>\n")
    html.element("html", ["lang": "en"]) { html in
      html.element("head") { html in
        html.empty("meta", ["charset": "utf-8"])
        html.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        html.element("title", text: document.title)
        html.lineBreak()
        html.element("style") { $0.markup(StyleSheet.text) }
      }
      html.lineBreak()
      html.element("body") { html in html.element("main") { body(document, generator, &$0) } }
    }
    html.lineBreak()
    return html.text
  }

  private static func body(_ document: Document, _ generator: String, _ html: inout HTMLWriter) {
    html.element("header") { html in
      html.element("p", ["class": "eyebrow"], text: "Compilation report")
      html.element("h1", text: document.title)
      html.element("p", ["class": "lead"], text: document.lead.joined(separator: " "))
      for warning in document.warnings { html.element("p", ["class": "notice"], text: "Warning: \(warning)") }
      html.element("div", ["class": "tiles"]) { html in
        for figure in document.tiles { tile(figure, &html) }
      }
    }
    for section in document.sections {
      html.lineBreak()
      html.element("section") { html in
        html.element("h2", text: section.title)
        for block in section.blocks { write(block, &html) }
      }
    }
    html.element("footer", text: "Written by \(generator).")
  }

  private static func tile(_ tile: Document.Tile, _ html: inout HTMLWriter) {
    html.element("div", ["class": "tile \(tile.tone.rawValue)"]) { html in
      html.element("div", ["class": "label"], text: tile.label)
      html.element("div", ["class": "value"], text: tile.value)
      html.element("div", ["class": "note"], text: tile.note)
    }
  }

  private static func write(_ block: Document.Block, _ html: inout HTMLWriter) {
    html.lineBreak()
    switch block {
    case .paragraph(let text): html.element("p", text: text)
    case .terms(let terms):
      html.element("dl") { html in
        for term in terms {
          html.element("div") { html in
            html.element("dt", text: term.name)
            html.write(": ")
            html.element("dd", text: term.meaning)
          }
        }
      }
    case .list(let items):
      html.element("ul") { html in
        for item in items { html.element("li", text: item) }
      }
    case .table(let table): html.element("div", ["class": "scroll"]) { write(table, &$0) }
    case .matrices(let matrices):
      html.element("div", ["class": "matrices"]) { html in
        for matrix in matrices { write(matrix, &html) }
      }
    }
  }

  private static func write(_ table: Document.Table, _ html: inout HTMLWriter) {
    html.element("table") { html in
      if !table.columns.allSatisfy(\.title.isEmpty) {
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

  private static func row(
    _ cells: [Document.Cell], _ table: Document.Table, _ html: inout HTMLWriter, named: Bool
  ) {
    html.lineBreak()
    html.element("tr") { html in
      for (index, cell) in cells.enumerated() {
        let isNumber = index < table.columns.count && table.columns[index].isNumber
        if index == 0, named {
          html.element("th", ["scope": "row"]) { write(cell, &$0) }
        } else {
          html.element("td", ["class": isNumber ? "number" : cell.isDrawn ? "drawn" : cell.isWord ? "word" : ""]) {
            write(cell, &$0)
          }
        }
      }
    }
  }

  private static func write(_ cell: Document.Cell, _ html: inout HTMLWriter) {
    switch cell {
    case .text(let text): html.write(text)
    case .code(let text): html.element("code", text: text)
    case .change(let delta, let scale):
      if let delta { Charts.change(delta, scale: scale, into: &html) }
      html.write(Figures.points(delta))
    case .bar(let text, let fraction):
      Charts.bar(fraction: fraction, into: &html)
      html.write(text)
    }
  }

  private static func write(_ matrix: Document.Matrix, _ html: inout HTMLWriter) {
    html.element("div") { html in
      html.element("h3", text: matrix.title)
      html.element("table", ["class": "matrix"]) { html in
        html.element("thead") { html in
          html.element("tr") { html in
            html.element("td", text: "")
            for name in matrix.names { html.element("th", ["scope": "col"], text: name) }
          }
        }
        html.element("tbody") { html in
          for (line, counts) in matrix.counts.enumerated() { write(counts, line, matrix, &html) }
        }
      }
    }
  }

  /// One class's images: the shade of a cell is its share of them.
  private static func write(_ counts: [Int], _ line: Int, _ matrix: Document.Matrix, _ html: inout HTMLWriter) {
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

extension Document.Table {
  /// What the ends of a column's axis stand for; nil where nothing is drawn on one.
  fileprivate func axis(of column: Int) -> String? {
    for row in rows where row.indices.contains(column) {
      if case .change(_, let scale) = row[column] { return " (axis ±\(Figures.decimal(100 * scale, 0)) pp)" }
    }
    return nil
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
    case .text, .code: false
    }
  }
}

/// A document as a page.
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
        html.element("style") { html in
          html.markup(StyleSheet.text)
          if document.hasScatter { html.markup(StyleSheet.scatter) }
        }
      }
      html.lineBreak()
      html.element("body") { html in html.element("main") { body(document, generator, &$0) } }
    }
    html.lineBreak()
    return html.text
  }

  private static func body(_ document: Document, _ generator: String, _ html: inout HTMLWriter) {
    html.element("header") { html in
      html.element("p", ["class": "eyebrow"], text: document.kind)
      html.element("h1", text: document.title)
      html.element("p", ["class": "lead"], text: document.lead.joined(separator: " "))
      for warning in document.warnings { notice("Warning: \(warning)", &html) }
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

  private static func notice(_ text: String, _ html: inout HTMLWriter) {
    html.element("p", ["class": "notice"], text: text)
  }

  private static func write(_ block: Document.Block, _ html: inout HTMLWriter) {
    html.lineBreak()
    switch block {
    case .paragraph(let text): html.element("p", text: text)
    case .notice(let text): notice(text, &html)
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
    case .table(let table): HTMLTable.write(table, &html)
    case .matrices(let matrices):
      html.element("div", ["class": "matrices"]) { html in
        for matrix in matrices { HTMLMatrix.write(matrix, &html) }
      }
    case .figures(let figures):
      html.element("div", ["class": "figures"]) { html in
        for figure in figures {
          html.lineBreak()
          switch figure {
          case .curves(let curves): CurveChart.write(curves, &html)
          case .reliability(let reliability): ReliabilityChart.write(reliability, &html)
          case .scatter(let scatter): ScatterChart.write(scatter, &html)
          case .costs(let costs): CostChart.write(costs, &html)
          }
        }
      }
    case .folded(let summary, let blocks):
      html.element("details") { html in
        html.element("summary", text: summary)
        for block in blocks { write(block, &html) }
      }
    }
  }
}

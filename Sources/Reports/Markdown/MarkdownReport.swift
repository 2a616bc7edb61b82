/// The report as Markdown with tables, as GitHub and GitLab show it.
package enum MarkdownReport {
  package static func make(
    _ report: Report, _ illustrations: ReportIllustrations = ReportIllustrations()
  ) -> String {
    MarkdownWriter.write(Document(report, illustrations))
  }

  package static func make(_ comparison: BuildComparison) -> String { MarkdownWriter.write(Document(comparison)) }

  package static func make(_ analysis: AnalysisReport) -> String { MarkdownWriter.write(Document(analysis)) }
}

enum MarkdownWriter {
  static func write(_ document: Document) -> String {
    var blocks = ["# \(escaped(document.title))"]
    if !document.lead.isEmpty { blocks.append(escaped(document.lead.joined(separator: " "))) }
    if !document.warnings.isEmpty {
      blocks.append(document.warnings.map { "> **Warning:** \(escaped($0))" }.joined(separator: "\n>\n"))
    }
    for section in document.sections {
      blocks.append("## \(escaped(section.title))")
      blocks += section.blocks.flatMap(write)
    }
    return blocks.joined(separator: "\n\n") + "\n"
  }

  private static func write(_ block: Document.Block) -> [String] {
    switch block {
    case .paragraph(let text): return [escaped(text)]
    case .terms(let terms):
      return [terms.map { "- **\(escaped($0.name))**: \(escaped($0.meaning))" }.joined(separator: "\n")]
    case .list(let items): return [items.map { "- \(escaped($0))" }.joined(separator: "\n")]
    case .table(let table): return ["**\(escaped(table.caption))**", write(table)]
    case .matrices(let matrices): return matrices.flatMap { ["**\(escaped($0.title))**", write($0)] }
    // Markdown has no drawings: what they show, in words.
    case .figures(let figures): return figures.flatMap(write)
    case .notice(let text): return ["> **Note:** \(escaped(text))"]
    // Not every viewer folds.
    case .folded(_, let blocks): return blocks.flatMap(write)
    }
  }

  private static func write(_ figure: Document.Figure) -> [String] {
    switch figure {
    case .curves(let curves):
      let plots = curves.plots.map { "- \(escaped($0.description))" }
      return ["**\(escaped(curves.title))**", plots.joined(separator: "\n"), escaped(curves.caption)]
    case .scatter(let scatter): return ["**\(escaped(scatter.title))**", escaped(scatter.description)]
    // Their numbers are a table of their own.
    case .reliability, .costs: return []
    }
  }

  private static func write(_ table: Document.Table) -> String {
    let table = table.withoutPictures
    let head = row(table.columns.map { escaped($0.title) })
    let rule = "|\(table.columns.map { $0.isNumber ? "--:" : "---" }.joined(separator: "|"))|"
    let rows = table.rows.map { row($0.map(text)) }
    let totals = table.totals.map { row($0.map { text($0) }.map { $0.isEmpty ? "" : "**\($0)**" }) }
    return ([head, rule] + rows + totals).joined(separator: "\n")
  }

  private static func write(_ matrix: Document.Matrix) -> String {
    let head = row([""] + matrix.names.map(escaped))
    let rule = "|---|" + String(repeating: "--:|", count: matrix.names.count)
    let rows = matrix.counts.enumerated().map { line, counts in
      row(
        [escaped(matrix.names[line])]
          + counts.enumerated().map { column, count in
            let change = count - (matrix.reference?[line][column] ?? count)
            return Figures.grouped(count) + (change == 0 ? "" : " (\(Figures.signed(Double(change), 0)))")
          })
    }
    return ([head, rule] + rows).joined(separator: "\n")
  }

  private static func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

  private static func text(_ cell: Document.Cell) -> String {
    switch cell {
    case .text(let text): escaped(text)
    case .code(let text): "`\(text.filter { $0 != "`" }.split(separator: "|").joined(separator: "\\|"))`"
    case .change(let delta, _): escaped(Figures.points(delta))
    case .bar(let text, _): escaped(text)
    case .pictured(let name, _): escaped(name)
    case .picture: ""
    }
  }

  /// Plain text as Markdown that shows just that: no markup, links or mentions.
  static func escaped(_ text: String) -> String {
    var result = ""
    var previous: Character = " "
    var rest = Substring(text)
    while let character = rest.popFirst() {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "@": result += "&#64;"
      // An address would become a link.
      case ":" where rest.hasPrefix("//"): result += "&#58;"
      case "." where result.hasSuffix("www"): result += "&#46;"
      // Within a word an underscore is only an underscore.
      case "_" where previous.isAlphanumeric && rest.first?.isAlphanumeric == true: result.append("_")
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~": result += "\\\(character)"
      default:
        // At the start of a line these begin lists, rules and headings, before a space or where they are repeated.
        let endsWord = rest.first.map { $0 == " " || $0 == character } ?? true
        let startsList = "-+=".contains(character) && result.isEmpty
        let endsListNumber = ".)".contains(character) && !result.isEmpty && result.allSatisfy(\.isNumber)
        if endsWord, startsList || endsListNumber { result += "\\" }
        result.append(character)
      }
      previous = character
    }
    return result
  }
}

extension Document.Table {
  /// Without the columns of pictures, which are in pages alone.
  fileprivate var withoutPictures: Document.Table {
    let kept = columns.indices.filter { column in
      !rows.contains { row in
        guard row.indices.contains(column), case .picture = row[column] else { return false }
        return true
      }
    }
    guard kept.count < columns.count else { return self }
    var table = self
    table.columns = kept.map { columns[$0] }
    table.rows = rows.map { row in kept.compactMap { row.indices.contains($0) ? row[$0] : nil } }
    return table
  }
}

extension Character {
  fileprivate var isAlphanumeric: Bool { isLetter || isNumber }
}

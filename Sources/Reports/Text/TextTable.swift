/// A table of text in aligned columns.
package struct TextTable {
  package enum Alignment: Sendable {
    case left
    case right
  }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []
  private var footer: [[String]] = []

  /// - Parameter columns: the columns' titles; where all are empty the table has no head
  package init(_ columns: [(String, Alignment)]) {
    titles = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  /// Adds a row; missing cells are empty.
  package mutating func add(_ cells: [String]) { rows.append(filled(cells)) }

  /// Adds a row below a rule, for totals.
  package mutating func addTotal(_ cells: [String]) { footer.append(filled(cells)) }

  private func filled(_ cells: [String]) -> [String] {
    titles.indices.map { $0 < cells.count ? cells[$0] : "" }
  }

  /// The lines, without spaces at their ends. Columns are two spaces apart.
  package func lines(indent: Int = 0) -> [String] {
    let head = titles.allSatisfy(\.isEmpty) ? [] : [titles]
    let widths = titles.indices.map { column in
      (head + rows + footer).map { $0[column].count }.max() ?? 0
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * max(0, widths.count - 1))
    let margin = String(repeating: " ", count: indent)
    var result = head.map { margin + line($0, widths) }
    if !head.isEmpty { result.append(margin + rule) }
    result += rows.map { margin + line($0, widths) }
    if !footer.isEmpty { result.append(margin + rule) }
    return result + footer.map { margin + line($0, widths) }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (column, cell) in cells.enumerated() {
      if column > 0 { text += "  " }
      let space = String(repeating: " ", count: widths[column] - cell.count)
      text += alignments[column] == .left ? cell + space : space + cell
    }
    while text.last == " " { text.removeLast() }
    return text
  }
}

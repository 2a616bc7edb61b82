import Metrics
import Texts

/// Builds side by side, for a terminal.
package enum CompareText {
  /// Images that are named; JSON has all.
  private static let mostImages = 10

  package static func make(_ comparison: BuildComparison) -> String {
    var lines = comparison.builds.enumerated().map { index, build in
      "\(BuildComparison.letter(index))  \(Printable.name(build.report, limit: .max))"
    }
    lines.append("")
    var columns: [(String, TextTable.Alignment)] = [("", .left)]
    for index in comparison.builds.indices {
      columns.append((BuildComparison.letter(index), .right))
      if index > 0 { columns.append(("change from A", .left)) }
    }
    var table = TextTable(columns)
    for figure in comparison.figures {
      var cells = [Printable.name(figure.name)]
      for index in comparison.builds.indices {
        cells.append(figure.valueText(index))
        if index > 0 { cells.append(figure.changeText(index)) }
      }
      table.add(cells)
    }
    lines += table.lines()
    if let changed = comparison.changed {
      lines += ["", comparison.changedText ?? ""]
      lines += changed.prefix(mostImages).map { image in
        let decided = image.decided.map { $0.map { Printable.name($0) }.joined(separator: "+") }
        return "  \(Printable.name(image.file)): \(decided.joined(separator: " → ")), right is "
          + image.labels.map { Printable.name($0) }.joined(separator: "+")
      }
      if changed.count > mostImages { lines.append("  and \(changed.count - mostImages) more (--json)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension BuildComparison {
  /// A, B, ...; beyond Z numbers.
  static func letter(_ index: Int) -> String {
    index < 26 ? String(Character(Unicode.Scalar(UInt8(ascii: "A") + UInt8(index)))) : "\(index + 1)"
  }

  /// How many images are decided otherwise; nil where reports do not tell.
  var changedText: String? {
    changed.map { changed in
      let of = samples.map { " of \(Figures.grouped($0))" } ?? ""
      return changed.isEmpty
        ? "every image is decided alike" : "\(Figures.count(changed.count, "image"))\(of) decided otherwise"
    }
  }
}

extension BuildComparison.Figure {
  func valueText(_ index: Int) -> String { values[index].map(limit.text) ?? "–" }

  /// The change of a build; with a star where chance does not explain it.
  func changeText(_ index: Int) -> String {
    guard let change = changes[index] else { return "" }
    var text = limit.changeText(change.loss)
    if limit.basis != .model, change.mayBeChance == false { text += " *" }
    return text
  }
}

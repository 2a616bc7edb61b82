/// A report as a text with tables, before it is written as Markdown or HTML.
///
/// All strings are plain text; writers escape them.
struct Document: Sendable {
  var title: String
  /// The findings in whole sentences, the most important first.
  var lead: [String] = []
  var warnings: [String] = []
  /// The few figures that are read first.
  var tiles: [Tile] = []
  var sections: [Section] = []

  struct Tile: Sendable {
    let label: String
    let value: String
    let note: String
    var tone = Tone.neutral
  }

  enum Tone: String, Sendable {
    case neutral
    case gain
    case loss
  }

  struct Section: Sendable {
    let title: String
    var blocks: [Block] = []
  }

  enum Block: Sendable {
    case paragraph(String)
    /// Words and what they mean.
    case terms([Term])
    case table(Table)
    case matrices([Matrix])
    case list([String])
  }

  struct Term: Sendable {
    let name: String
    let meaning: String
  }

  struct Table: Sendable {
    var columns: [Column]
    var rows: [[Cell]] = []
    /// The rows that sum up, below the others.
    var totals: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }
  }

  struct Column: Sendable {
    let title: String
    var isNumber = false

    static func text(_ title: String) -> Column { Column(title: title) }
    static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  enum Cell: Sendable {
    case text(String)
    /// Something that is copied rather than read: a hash.
    case code(String)
    /// A difference of fractions, drawn on an axis from minus to plus `scale`.
    case change(Estimate?, scale: Double)
    /// A number, drawn as a bar of a fraction of the full length.
    case bar(String, fraction: Double)
  }

  /// Counts of samples by true class (row) and answered class (column).
  struct Matrix: Sendable {
    let title: String
    let names: [String]
    let counts: [[Int]]
    /// What to show changes against; nil for the first matrix.
    var reference: [[Int]]?
  }
}

extension Document.Cell: ExpressibleByStringInterpolation {
  init(stringLiteral value: String) { self = .text(value) }
}

import Metrics

/// A report as a text with tables and figures, before it is written as Markdown or HTML.
///
/// All strings are plain text; writers escape them.
struct Document: Sendable {
  /// What kind of document it is, above the title.
  var kind = "Compilation report"
  var title: String
  /// The findings in whole sentences, the most important first.
  var lead: [String] = []
  var warnings: [String] = []
  /// The few figures that are read first.
  var tiles: [Tile] = []
  var sections: [Section] = []

  /// Whether any section has a scatter figure.
  var hasScatter: Bool {
    sections.flatMap(\.blocks).contains { block in
      guard case .figures(let figures) = block else { return false }
      return figures.contains { if case .scatter = $0 { true } else { false } }
    }
  }

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

  indirect enum Block: Sendable {
    case paragraph(String)
    /// What must not be passed over.
    case notice(String)
    /// Words and what they mean.
    case terms([Term])
    case table(Table)
    case matrices([Matrix])
    /// Beside each other where there is room.
    case figures([Figure])
    case list([String])
    /// What is there for those who ask.
    case folded(String, [Block])
  }

  struct Term: Sendable {
    let name: String
    let meaning: String
  }

  struct Table: Sendable {
    let caption: String
    var columns: [Column]
    var rows: [[Cell]] = []
    /// The rows that sum up, below the others.
    var totals: [[Cell]] = []
    /// Whether it is too wide for a phone, where each row then is a block.
    var isWide = false

    init(_ caption: String, _ columns: [Column]) {
      self.caption = caption
      self.columns = columns
    }
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
    /// A name, below a picture of it where there is one: a JPEG file.
    case pictured(String, [UInt8]?)
    /// A picture by itself, and what it shows in words.
    case picture(MapPictures.Picture, String)
  }

  /// Counts of samples by true class (row) and answered class (column).
  struct Matrix: Sendable {
    let title: String
    let names: [String]
    let counts: [[Int]]
    /// What to show changes against; nil for the first matrix.
    var reference: [[Int]]?
  }

  enum Figure: Sendable {
    case curves(CurveFigure)
    case reliability(ReliabilityFigure)
    case scatter(ScatterFigure)
    case costs(CostFigure)
  }

  /// Both models' curves of one kind, a plot for each class.
  struct CurveFigure: Sendable {
    enum Kind: Sendable { case roc, precisionRecall, riskCoverage }

    let kind: Kind
    let title: String
    let caption: String
    let plots: [CurvePlot]
  }

  struct CurvePlot: Sendable {
    typealias Line = [(x: Double, y: Double)]

    /// The class, or label.
    let name: String
    /// The area below both curves, as text.
    let note: String
    /// All of it in words.
    let description: String
    let float: Line
    let compiled: Line
    /// Where the models are run.
    let floatPoint: (x: Double, y: Double)?
    let compiledPoint: (x: Double, y: Double)?
  }

  /// Points over two axes, and which nothing beats.
  struct ScatterFigure: Sendable {
    /// An axis, its name, and how values are written beside it.
    struct Side: Sendable {
      let name: String
      let axis: Axis
      let text: @Sendable (Double) -> String
    }

    struct Point: Sendable {
      /// The row of the table it is.
      let label: String
      let x: Double
      let y: Double
      /// The interval of y.
      let low: Double?
      let high: Double?
      let isOnFront: Bool
    }

    let title: String
    let caption: String
    /// All of it in words.
    let description: String
    let across: Side
    let up: Side
    let points: [Point]
  }

  /// What roundings cost, in the order of the network: each alone, and all up to it.
  struct CostFigure: Sendable {
    struct Place: Sendable {
      let isWeights: Bool
      let alone: Double
      /// Nil where it is not known.
      let upTo: Double?
    }

    let title: String
    let caption: String
    /// All of it in words.
    let description: String
    let places: [Place]
  }

  /// Stated confidence against what came true.
  struct ReliabilityFigure: Sendable {
    var title = "Reliability of stated confidence"
    struct Bin: Sendable {
      let count: Int
      let confidence: Double
      let right: Double
    }

    let caption: String
    let description: String
    /// What is drawn as rings and framed bars (`float`), and what as dots and solid ones (`compiled`).
    var ring = "float"
    var dot = "compiled"
    /// Bins of equal width; nil where nothing fell into one.
    let float: [Bin?]
    let compiled: [Bin?]
  }
}

extension Document.Cell: ExpressibleByStringInterpolation {
  init(stringLiteral value: String) { self = .text(value) }
}

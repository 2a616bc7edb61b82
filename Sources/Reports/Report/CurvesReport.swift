import CanonicalJSON
package import Metrics

/// What one model's thresholds would give, and how far its confidence can be relied on: pictures as numbers.
package struct CurvesReport: Sendable, Equatable {
  /// One class against the rest, or one label.
  package struct Class: Sendable, Equatable {
    package let name: String
    /// x: 1 - specificity; y: sensitivity.
    package var roc: [OperatingCurve.Point]
    /// x: recall; y: precision.
    package var precisionRecall: [OperatingCurve.Point]

    /// The curves with six decimals, which is more than a picture shows.
    package init(_ name: String, roc: [OperatingCurve.Point], precisionRecall: [OperatingCurve.Point]) {
      self.name = name
      self.roc = roc.map(\.rounded)
      self.precisionRecall = precisionRecall.map(\.rounded)
    }
  }

  package var classes: [Class]
  /// Stated confidence against what came true, in bins of equal width.
  package var reliability: [ReliabilityBin]

  package init(classes: [Class], reliability: [ReliabilityBin]) {
    self.classes = classes
    self.reliability = reliability
  }
}

extension OperatingCurve.Point {
  fileprivate var rounded: OperatingCurve.Point {
    OperatingCurve.Point(x: (x * 1e6).rounded() / 1e6, y: (y * 1e6).rounded() / 1e6)
  }
}

extension ReliabilityBin {
  var json: JSON { ["count": .int(count), "confidence": .finite(confidence), "right": .finite(right)] }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(
      count: try node.count("count"), confidence: try node.optional("confidence")?.double(),
      right: try node.optional("right")?.double())
  }
}

extension CurvesReport {
  var json: JSON {
    [
      "per_class": .array(
        classes.map {
          [
            "name": .string($0.name),
            "roc": ["fpr": .doubles($0.roc.map(\.x)), "tpr": .doubles($0.roc.map(\.y))],
            "precision_recall": [
              "recall": .doubles($0.precisionRecall.map(\.x)), "precision": .doubles($0.precisionRecall.map(\.y)),
            ],
          ]
        }),
      "reliability": .array(reliability.map(\.json)),
    ]
  }

  init(_ node: JSONNode) throws(JSONError) {
    self.init(classes: [], reliability: [])
    for element in try node.elements(of: "per_class") {
      classes.append(
        Class(
          try element["name"].string(), roc: try Self.points(element["roc"], "fpr", "tpr"),
          precisionRecall: try Self.points(element["precision_recall"], "recall", "precision")))
    }
    for element in try node.elements(of: "reliability") {
      reliability.append(try ReliabilityBin(element))
    }
  }

  private static func points(_ node: JSONNode, _ x: String, _ y: String) throws(JSONError) -> [OperatingCurve.Point] {
    let (x, y) = (try node[x].doubles(), try node[y].doubles())
    guard x.count == y.count else { throw node.error("\(x.count) and \(y.count) coordinates do not make points") }
    return zip(x, y).map { OperatingCurve.Point(x: $0, y: $1) }
  }
}

import Platform
import Tensors

@testable import Metrics

/// Twelve samples of four classes, the last of which no sample is of, with ties among scores and between samples.
///
/// The expected values in these tests were computed from it with numpy, straight from each measure's definition.
enum Samples {
  static let labels = [0, 1, 1, 2, 2, 2, 0, 1, 0, 1, 0, 2]
  static let names = ["a", "b", "c", "d"]

  static let float: [[Float]] = [
    [2.0, 1.0, 0.5, -1.0], [0.5, 2.5, 0.0, 0.0], [1.0, 1.0, 0.25, -2.0], [0.0, 0.5, 3.0, 0.0], [1.5, 0.0, 1.5, 0.5],
    [-1.0, 0.25, 0.5, 2.0], [0.75, 0.5, 0.25, 0.0], [0.0, 2.0, 1.0, 1.0], [3.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0],
    [1.0, 2.0, 0.5, 0.25], [0.25, 0.5, 2.0, -0.5],
  ]

  static let compiled: [[Float]] = [
    [2.125, 2.125, 0.5, -1.0], [0.5, 2.625, -0.125, 0.0], [1.0, 1.5, 0.375, -2.125], [0.125, 0.375, 3.0, 0.0],
    [0.5, 0.125, 1.625, 0.5], [-1.0, 0.25, 0.625, 1.875], [0.875, 0.375, 0.25, 0.0], [0.0, 2.125, 2.375, 1.0],
    [3.0, -1.0, 0.125, -0.125], [0.125, -0.125, 0.0, 0.0], [1.0, 2.125, 0.375, 0.25], [0.25, 0.5, 2.125, -0.625],
  ]

  static func labelled(_ rows: [[Float]]) throws -> LabelledScores {
    try LabelledScores(Scores(rows: rows), labels: labels)
  }
}

extension Double {
  /// Equal but for the last digits.
  func isNear(_ other: Double) -> Bool { abs(self - other) <= 1e-12 * max(1, abs(other)) }
}

extension Scores {
  /// Logits or probabilities of a class each: the class of the highest, the lowest class where several are, and their
  /// softmax unless they are probabilities as they stand.
  init(rows: [[Float]]) throws(Refusal) {
    let areProbabilities = rows.allSatisfy { row in
      row.allSatisfy { $0 >= 0 } && abs(row.reduce(0.0) { $0 + Double($1) } - 1) <= 1e-2
    }
    try self.init(
      outputs: rows, probabilities: rows.map { areProbabilities ? $0.map(Double.init) : Scores.softmax($0) },
      predictions: rows.map { row in row.indices.first { row[$0] == row.max() } ?? 0 })
  }

  private static func softmax(_ row: [Float]) -> [Double] {
    let highest = row.map(Double.init).reduce(-Double.infinity, max)
    let powers = row.map { exp(Double($0) - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}

extension [OperatingCurve.Point] {
  /// The area below the straight lines between points.
  var area: Double {
    zip(self, dropFirst()).reduce(0.0) { sum, pair in sum + (pair.1.x - pair.0.x) * (pair.1.y + pair.0.y) / 2 }
  }
}

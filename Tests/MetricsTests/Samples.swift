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

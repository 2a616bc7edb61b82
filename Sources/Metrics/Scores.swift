import Glibc

/// A model's outputs on a data set: one score per sample and class.
package struct Scores: Sendable, Equatable {
  package let sampleCount: Int
  package let classCount: Int
  /// `sampleCount` rows of `classCount` scores: logits or probabilities, all finite.
  package let values: [Float]

  /// - Throws: unless there are at least one sample and two classes, the values fill the rows, and all are finite.
  package init(values: [Float], classCount: Int) throws(MetricsError) {
    guard classCount >= 2 else { throw MetricsError("\(classCount) scores per sample; classes must be two or more") }
    guard !values.isEmpty else { throw MetricsError("there are no samples") }
    guard values.count % classCount == 0 else {
      throw MetricsError("\(values.count) scores do not make rows of \(classCount) classes")
    }
    guard values.count / classCount <= 1 << 30 else { throw MetricsError("there are more than 2^30 samples") }
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw MetricsError("the score of sample \(index / classCount), class \(index % classCount) is \(values[index])")
    }
    self.values = values
    self.classCount = classCount
    sampleCount = values.count / classCount
  }

  /// Rows of equal length, one per sample.
  package init(rows: [[Float]]) throws(MetricsError) {
    let classCount = rows.first?.count ?? 2
    if let index = rows.firstIndex(where: { $0.count != classCount }) {
      throw MetricsError("sample \(index) has \(rows[index].count) scores, sample 0 has \(classCount)")
    }
    try self.init(values: rows.flatMap { $0 }, classCount: classCount)
  }

  package func row(_ sample: Int) -> ArraySlice<Float> {
    values[sample * classCount..<(sample + 1) * classCount]
  }

  /// Each sample's class of the highest score, the lowest class where several are highest.
  package var predictions: [Int] {
    (0..<sampleCount).map { sample in
      let row = row(sample)
      var best = row.startIndex
      for index in row.indices where row[index] > row[best] { best = index }
      return best - row.startIndex
    }
  }

  /// Whether the scores are probabilities already: none negative, every row's sum within 1e-2 of 1.
  package var areProbabilities: Bool {
    values.allSatisfy { $0 >= 0 }
      && (0..<sampleCount).allSatisfy { sample in
        abs(row(sample).reduce(0.0) { $0 + Double($1) } - 1) <= 1e-2
      }
  }

  /// The scores as probabilities, in rows: as they are where they are probabilities, otherwise their softmax.
  package func probabilities() -> [Double] {
    var result = values.map(Double.init)
    if areProbabilities { return result }
    for start in stride(from: 0, to: result.count, by: classCount) {
      let row = start..<start + classCount
      let highest = result[row].reduce(-Double.infinity, max)
      var sum = 0.0
      for index in row {
        result[index] = exp(result[index] - highest)
        sum += result[index]
      }
      for index in row { result[index] /= sum }
    }
    return result
  }
}

/// Why measures cannot be taken.
package struct MetricsError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

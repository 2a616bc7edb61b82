import Glibc

/// What a row of outputs, a class each, means where nothing tells: probabilities where all rows could be, otherwise
/// logits. The class of the highest score is decided for, the lowest class where several are.
enum GuessedAnswers {
  /// A model measured by a guess of what its outputs mean. A single score for each sample has no classes.
  static func measured(_ rows: [[Float]]) -> MeasuredModel {
    if rows.allSatisfy({ $0.count == 1 }) { return MeasuredModel(outputs: rows, answers: .none) }
    return MeasuredModel(
      outputs: rows, answers: .classes(probabilities: probabilities(rows), predictions: rows.map(decision)))
  }

  /// The outputs as they are where every row has no negative one and sums to 1 within 1e-2, otherwise their softmax.
  static func probabilities(_ rows: [[Float]]) -> [[Double]] {
    let areProbabilities = rows.allSatisfy { row in
      row.allSatisfy { $0 >= 0 } && abs(row.reduce(0.0) { $0 + Double($1) } - 1) <= 1e-2
    }
    return rows.map { areProbabilities ? $0.map(Double.init) : softmax($0) }
  }

  private static func softmax(_ row: [Float]) -> [Double] {
    var result = row.map(Double.init)
    let highest = result.reduce(-Double.infinity, max)
    var sum = 0.0
    for index in result.indices {
      result[index] = exp(result[index] - highest)
      sum += result[index]
    }
    for index in result.indices { result[index] /= sum }
    return result
  }

  private static func decision(_ row: [Float]) -> Int {
    var best = row.startIndex
    for index in row.indices where row[index] > row[best] { best = index }
    return best
  }
}

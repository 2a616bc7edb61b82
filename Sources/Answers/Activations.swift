import Platform

extension OutputMeaning {
  /// exp(x_i) / sum of exp(x_j), the largest x subtracted first.
  static func softmax(_ row: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<Double>) {
    let highest = row.reduce(-Double.infinity) { max($0, Double($1)) }
    var sum = 0.0
    for index in row.indices {
      result[index] = exp(Double(row[index]) - highest)
      sum += result[index]
    }
    for index in row.indices { result[index] /= sum }
  }

  /// 1 / (1 + exp(-x)), without overflow of the exponential.
  static func logistic(_ x: Double) -> Double {
    let small = exp(-abs(x))
    return x >= 0 ? 1 / (1 + small) : small / (1 + small)
  }
}

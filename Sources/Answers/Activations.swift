import Platform

extension OutputMeaning {
  /// exp(x_i) / sum of exp(x_j), the largest x subtracted first.
  static func softmax(_ row: [Float]) -> [Double] {
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

  /// 1 / (1 + exp(-x)), without overflow of the exponential.
  static func logistic(_ x: Double) -> Double {
    let small = exp(-abs(x))
    return x >= 0 ? 1 / (1 + small) : small / (1 + small)
  }
}

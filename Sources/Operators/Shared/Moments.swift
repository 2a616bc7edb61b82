/// Mean and variance of numbers, in double precision, in two passes.
package struct Moments {
  package let mean: Double
  package let variance: Double

  package init(_ values: UnsafePointer<Float>, count: Int) {
    var sum = 0.0
    for index in 0..<count { sum += Double(values[index]) }
    let mean = sum / Double(count)
    var squares = 0.0
    for index in 0..<count {
      let deviation = Double(values[index]) - mean
      squares += deviation * deviation
    }
    self.mean = mean
    variance = squares / Double(count)
  }

  private init(mean: Double, variance: Double) {
    self.mean = mean
    self.variance = variance
  }

  /// Calls `body` with each row and its moments. A sum is one chain of additions; those of eight rows at a time keep a
  /// processor busy while each waits, and are the same numbers.
  package static func ofRows(
    _ rows: Range<Int>, _ values: UnsafePointer<Float>, count: Int, _ body: (_ row: Int, Moments) -> Void
  ) {
    var row = rows.lowerBound
    while row + 8 <= rows.upperBound {
      let eight = ofEightRows(values + row * count, count: count)
      for index in 0..<8 { body(row + index, Moments(mean: eight.mean[index], variance: eight.variance[index])) }
      row += 8
    }
    while row < rows.upperBound {
      body(row, Moments(values + row * count, count: count))
      row += 1
    }
  }

  private static func ofEightRows(
    _ x: UnsafePointer<Float>, count: Int
  ) -> (mean: SIMD8<Double>, variance: SIMD8<Double>) {
    func column(_ index: Int) -> SIMD8<Double> {
      let x = x + index
      return SIMD8<Double>(
        SIMD8<Float>(
          x[0], x[count], x[2 * count], x[3 * count], x[4 * count], x[5 * count], x[6 * count], x[7 * count]))
    }
    let divisor = SIMD8<Double>(repeating: Double(count))
    var sums = SIMD8<Double>.zero
    for index in 0..<count { sums += column(index) }
    let mean = sums / divisor
    var squares = SIMD8<Double>.zero
    for index in 0..<count {
      let deviation = column(index) - mean
      squares += deviation * deviation
    }
    return (mean, squares / divisor)
  }
}

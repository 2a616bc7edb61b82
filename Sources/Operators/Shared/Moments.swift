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
}

/// A Gaussian over vectors whose covariance is that of probabilistic principal components: a few axes along which
/// vectors differ most, each with its variance, and one variance for all directions besides (Tipping, Bishop,
/// "Probabilistic Principal Component Analysis", 1999).
///
/// Variances are of n - 1. That of the rest is the mean of those that are left of min(n, numbers of a vector), as
/// scikit-learn's `PCA` has it.
package struct PrincipalAxes: Sendable, Equatable {
  package let mean: [Double]
  /// Of unit length and at right angles, by falling variance; the first of an axis's largest numbers is positive.
  package let axes: [[Double]]
  package let variances: [Double]
  /// Of every other direction.
  package let rest: Double

  /// With fewer vectors an axis says more of them than of others.
  private static let vectorsPerAxis = 4

  /// - Parameters:
  ///   - vectors: two or more of one length, which is not zero; finite
  ///   - most: how many axes at most
  /// - Returns: nil where the vectors are all alike
  package init?(_ vectors: [[Double]], most: Int) {
    guard let first = vectors.first, vectors.count > 1 else { preconditionFailure("axes are asked of no vectors") }
    let (count, size) = (vectors.count, first.count)
    var mean = [Double](repeating: 0, count: size)
    for vector in vectors {
      for index in 0..<size { mean[index] += vector[index] }
    }
    for index in 0..<size { mean[index] /= Double(count) }
    let rows = vectors.map { vector in (0..<size).map { vector[$0] - mean[$0] } }
    let isWide = count <= size
    let columns = isWide ? rows : (0..<size).map { index in rows.map { $0[index] } }
    let rank = columns.count
    let system = SymmetricEigensystem(PrincipalAxes.products(columns, over: count - 1), count: rank, vectors: most)
    let values = system.values.map { max($0, 0) }
    guard let largest = values.first, largest > 0 else { return nil }
    var kept = max(0, min(most, count / PrincipalAxes.vectorsPerAxis, rank - 1))
    var rest = PrincipalAxes.mean(values.dropFirst(kept))
    // Where nothing is left beside the axes, or no more than by rounding, they are fewer.
    while kept > 0, rest <= largest * 1e-12 || values[kept - 1] <= rest {
      kept -= 1
      rest = PrincipalAxes.mean(values.dropFirst(kept))
    }
    axes = system.vectors.prefix(kept).map { vector in
      guard isWide else { return PrincipalAxes.turned(vector) }
      var axis = [Double](repeating: 0, count: size)
      for (row, weight) in zip(rows, vector) {
        for index in 0..<size { axis[index] += weight * row[index] }
      }
      return PrincipalAxes.turned(axis)
    }
    self.mean = mean
    self.rest = rest
    variances = Array(values.prefix(kept))
  }

  /// The products of all pairs of vectors, divided.
  private static func products(_ vectors: [[Double]], over divisor: Int) -> [Double] {
    let count = vectors.count
    var products = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0...row {
        var sum = 0.0
        vectors[row].withUnsafeBufferPointer { own in
          vectors[column].withUnsafeBufferPointer { other in
            for index in own.indices { sum += own[index] * other[index] }
          }
        }
        sum /= Double(divisor)
        products[row * count + column] = sum
        products[column * count + row] = sum
      }
    }
    return products
  }

  private static func mean(_ values: ArraySlice<Double>) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// Of unit length, with the sign that is told.
  private static func turned(_ axis: [Double]) -> [Double] {
    var (square, largest) = (0.0, 0.0)
    for number in axis {
      square += number * number
      if abs(number) > abs(largest) { largest = number }
    }
    let length = square.squareRoot()
    return axis.map { largest < 0 ? -$0 / length : $0 / length }
  }
}

/// Eigenvalues and eigenvectors of a symmetric matrix, the same to the last bit wherever they are computed: nothing but
/// additions, multiplications, divisions and square roots, in a fixed order.
///
/// Householder's reduction to three diagonals, then QL steps with Wilkinson's shift (Golub, Van Loan, "Matrix
/// Computations", 8.3; Bowdler et al., "The QR and QL Algorithms for Symmetric Matrices", 1968).
struct SymmetricEigensystem {
  /// Falling.
  let values: [Double]
  /// Of unit length, in the order of `values`.
  let vectors: [[Double]]

  /// - Parameters:
  ///   - matrix: `count` rows of as many finite numbers
  ///   - wanted: how many vectors, those of the largest values
  init(_ matrix: [Double], count: Int, vectors wanted: Int) {
    precondition(matrix.count == count * count, "an eigensystem is asked of a matrix that is not square")
    var three = ThreeDiagonals(matrix, count: count)
    let rows = three.diagonalize()
    let order = three.diagonal.indices.sorted { (-three.diagonal[$0], $0) < (-three.diagonal[$1], $1) }
    values = order.map { three.diagonal[$0] }
    vectors = order.prefix(wanted).map { index in
      three.turnedBack(Array(rows[index * count..<(index + 1) * count]))
    }
  }
}

/// What a symmetric matrix is reduced to: H ... H A H ... H, H = 1 - 2 v v^T / v^T v.
private struct ThreeDiagonals {
  let count: Int
  var diagonal: [Double] = []
  /// The number beside each of the diagonal but the last, then a zero.
  private var beside: [Double] = []
  /// The v of each reflection, from the row behind it on; empty where nothing was left to reflect.
  private var reflections: [[Double]] = []

  init(_ matrix: [Double], count: Int) {
    self.count = count
    var matrix = matrix
    for row in 0..<max(0, count - 2) {
      let size = count - row - 1
      var v = (0..<size).map { matrix[(row + 1 + $0) * count + row] }
      var tail = 0.0
      for number in v.dropFirst() { tail += number * number }
      diagonal.append(matrix[row * count + row])
      guard tail > 0 else {
        beside.append(v[0])
        reflections.append([])
        continue
      }
      let length = (v[0] * v[0] + tail).squareRoot()
      let turned = v[0] > 0 ? -length : length
      v[0] -= turned
      beside.append(turned)
      ThreeDiagonals.reflect(&matrix, count, from: row + 1, v, 2 / (v[0] * v[0] + tail))
      reflections.append(v)
    }
    for row in max(0, count - 2)..<count {
      diagonal.append(matrix[row * count + row])
      beside.append(row + 1 < count ? matrix[(row + 1) * count + row] : 0)
    }
  }

  /// A - v w^T - w v^T with p = factor A v, w = p - (factor / 2) (v p) v, of the rows and columns from `first` on.
  private static func reflect(
    _ matrix: inout [Double], _ count: Int, from first: Int, _ v: [Double], _ factor: Double
  ) {
    let size = v.count
    matrix.withUnsafeMutableBufferPointer { matrix in
      var w = [Double](repeating: 0, count: size)
      for row in 0..<size {
        let start = (first + row) * count + first
        var sum = 0.0
        for column in 0..<size { sum += matrix[start + column] * v[column] }
        w[row] = factor * sum
      }
      var product = 0.0
      for index in 0..<size { product += v[index] * w[index] }
      let half = factor / 2 * product
      for index in 0..<size { w[index] -= half * v[index] }
      for row in 0..<size {
        let start = (first + row) * count + first
        let (own, other) = (v[row], w[row])
        for column in 0..<size { matrix[start + column] -= own * w[column] + other * v[column] }
      }
    }
  }

  /// Leaves the eigenvalues on the diagonal; returns the eigenvectors of the three diagonals, one after the other.
  mutating func diagonalize() -> [Double] {
    var vectors = [Double](repeating: 0, count: count * count)
    for index in 0..<count { vectors[index * count + index] = 1 }
    var norm = 0.0
    for index in 0..<count { norm = max(norm, abs(diagonal[index]) + 2 * abs(beside[index])) }
    let least = norm * Double.ulpOfOne
    vectors.withUnsafeMutableBufferPointer { vectors in
      for first in 0..<count {
        // Two or three steps do; the limit only ends what cannot be.
        for _ in 0..<200 {
          var last = first
          while last + 1 < count, abs(beside[last]) > least { last += 1 }
          guard last > first else { break }
          step(first, last, vectors)
        }
      }
    }
    return vectors
  }

  /// One QL step on the rows of which none falls apart from the others.
  private mutating func step(_ first: Int, _ last: Int, _ vectors: UnsafeMutableBufferPointer<Double>) {
    let ratio = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first])
    let root = (ratio * ratio + 1).squareRoot()
    var g = diagonal[last] - diagonal[first] + beside[first] / (ratio < 0 ? ratio - root : ratio + root)
    var (sine, cosine, shift) = (1.0, 1.0, 0.0)
    for row in (first..<last).reversed() {
      let (f, b) = (sine * beside[row], cosine * beside[row])
      let r = (f * f + g * g).squareRoot()
      beside[row + 1] = r
      guard r > 0 else {
        diagonal[row + 1] -= shift
        beside[last] = 0
        return
      }
      (sine, cosine) = (f / r, g / r)
      g = diagonal[row + 1] - shift
      let turn = (diagonal[row] - g) * sine + 2 * cosine * b
      shift = sine * turn
      diagonal[row + 1] = g + shift
      g = cosine * turn - b
      let (own, next) = (row * count, (row + 1) * count)
      for index in 0..<count {
        let (low, high) = (vectors[own + index], vectors[next + index])
        vectors[next + index] = sine * low + cosine * high
        vectors[own + index] = cosine * low - sine * high
      }
    }
    diagonal[first] -= shift
    beside[first] = g
    beside[last] = 0
  }

  /// An eigenvector of the matrix, of one of its three diagonals.
  func turnedBack(_ vector: [Double]) -> [Double] {
    var vector = vector
    for (row, v) in reflections.enumerated().reversed() where !v.isEmpty {
      var (product, square) = (0.0, 0.0)
      for (index, number) in v.enumerated() {
        product += number * vector[row + 1 + index]
        square += number * number
      }
      let factor = 2 * product / square
      for (index, number) in v.enumerated() { vector[row + 1 + index] -= factor * number }
    }
    return vector
  }
}

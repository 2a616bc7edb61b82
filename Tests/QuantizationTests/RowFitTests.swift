import TestSupport
import Testing

@testable import Quantization

/// Rows some of whose weights are gone, fitted to what they gave.
@Suite struct RowFitTests {
  /// A A' / size + something on the diagonal.
  private func matrix(_ size: Int, seed: UInt64) -> [Double] {
    var random = RandomNumbers(seed: seed)
    let a = (0..<size * size).map { _ in Double(random.float(-1...1)) }
    return (0..<size * size).map { index in
      let (i, j) = index.quotientAndRemainder(dividingBy: size)
      let product = (0..<size).reduce(0.0) { $0 + a[i * size + $1] * a[j * size + $1] }
      return product / Double(size) + (i == j ? 0.1 : 0)
    }
  }

  /// The least squares of one row, by elimination: w_S = (w0 H)_S H_SS^-1.
  private func exact(_ original: [Float], _ isThere: [Bool], _ h: [Double]) -> [Double] {
    let size = original.count
    let kept = isThere.indices.filter { isThere[$0] }
    var a = kept.map { i in kept.map { h[i * size + $0] } }
    var b = kept.map { i in (0..<size).reduce(0.0) { $0 + Double(original[$1]) * h[$1 * size + i] } }
    for pivot in kept.indices {
      for row in kept.indices where row != pivot {
        let factor = a[row][pivot] / a[pivot][pivot]
        for k in kept.indices { a[row][k] -= factor * a[pivot][k] }
        b[row] -= factor * b[pivot]
      }
    }
    var result = [Double](repeating: 0, count: size)
    for (index, place) in kept.enumerated() { result[place] = b[index] / a[index][index] }
    return result
  }

  @Test(arguments: [1, 7, 40]) func isTheLeastSquares(size: Int) {
    let h = matrix(size, seed: UInt64(size))
    var random = RandomNumbers(seed: 3)
    let originals = (0..<5 * size).map { _ in random.float(-1...1) }
    // Of the second row nothing is left, of the third everything.
    let isThere = originals.indices.map { index in
      index / size == 2 || index / size != 1 && random.float(0...1) < 0.6
    }
    let rows = zip(originals, isThere).map { $1 ? $0 : 0 }
    let fitted = RowFit(h, size: size).fit(rows, to: originals, steps: 3 * size)
    for row in 0..<5 {
      let range = row * size..<(row + 1) * size
      let expected = exact(Array(originals[range]), Array(isThere[range]), h)
      for (found, wanted) in zip(fitted[range], expected) { #expect(abs(Double(found) - wanted) < 1e-3) }
    }
    for (weight, isThere) in zip(fitted, isThere) where !isThere { #expect(weight == 0) }
  }

  /// The usual number of steps takes away nearly all that can be.
  @Test func fewStepsSuffice() {
    let size = 200
    let h = matrix(size, seed: 8)
    var random = RandomNumbers(seed: 9)
    let original = (0..<size).map { _ in random.float(-1...1) }
    let isThere = (0..<size).map { _ in random.float(0...1) < 0.5 }
    func cost(_ row: [Double]) -> Double {
      let e = zip(original, row).map { Double($0) - $1 }
      return (0..<size * size).reduce(0) { $0 + e[$1 / size] * e[$1 % size] * h[$1] }
    }
    let rows = zip(original, isThere).map { $1 ? $0 : 0 }
    let fitted = RowFit(h, size: size).fit(rows, to: original)
    let (before, after) = (cost(rows.map(Double.init)), cost(fitted.map(Double.init)))
    let least = cost(exact(original, isThere, h))
    #expect(least < 0.8 * before)
    #expect(after - least < 0.02 * (before - least))
  }

  @Test func brokenWeightsSpoilNoOtherRow() {
    let h = matrix(3, seed: 4)
    let originals: [Float] = [.nan, 1, 1, 1, 0.5, 0.25]
    let fit = RowFit(h, size: 3)
    let fitted = fit.fit([.nan, 1, 0, 1, 0.5, 0], to: originals)
    #expect(Array(fitted[3...]) == fit.fit([1, 0.5, 0], to: [1, 0.5, 0.25]))
    #expect(fitted[1] == 1 && fitted[2] == 0)
  }

  @Test(arguments: [1, 9, 30]) func theDiagonalOfTheInverse(size: Int) {
    let h = matrix(size, seed: 12)
    let diagonal = TriangularFactor(h, size: size).inverseDiagonal
    for j in 0..<size {
      // Column j of the inverse, by the same elimination.
      var unit = [Float](repeating: 0, count: size)
      unit[j] = 1
      var a = (0..<size).map { i in Array(h[i * size..<(i + 1) * size]) }
      var b = unit.map(Double.init)
      for pivot in 0..<size {
        for row in 0..<size where row != pivot {
          let factor = a[row][pivot] / a[pivot][pivot]
          for k in 0..<size { a[row][k] -= factor * a[pivot][k] }
          b[row] -= factor * b[pivot]
        }
      }
      #expect(abs(diagonal[j] / (b[j] / a[j][j]) - 1) < 1e-9)
    }
  }
}

import Testing

@testable import Metrics

@Suite struct PrincipalAxesTests {
  /// Numbers that any language makes alike.
  static func rows(_ count: Int, _ size: Int) -> [[Double]] {
    var state = 12345
    return (0..<count).map { row in
      (0..<size).map { column in
        state = (state * 1_103_515_245 + 12345) % (1 << 31)
        return Double((state >> 8) % 1000) / 1000 * Double(1 + column % 3) + (column % 5 == 0 ? Double(row % 4) : 0)
      }
    }
  }

  /// By `sklearn.decomposition.PCA(k, svd_solver="full")`: variances, that of the rest, distances of two more rows by
  /// `get_precision()`.
  struct Case: Sendable {
    let count: Int
    let size: Int
    let most: Int
    let variances: [Double]
    let rest: Double
    let distances: [Double]
  }

  static let cases = [
    Case(
      count: 12, size: 20, most: 3, variances: [7.363403526776573, 2.1820606416427224, 1.1061683774976654],
      rest: 0.37262235095872204, distances: [5.9306093998948795, 3.829453414809207]),
    Case(
      count: 40, size: 6, most: 8,
      variances: [2.843218248637754, 0.7999900432993723, 0.3995686873092082, 0.33273394988243216, 0.2397583809935215],
      rest: 0.0804732450059177, distances: [3.28583284356355, 2.974453104971382]),
    Case(
      count: 40, size: 9, most: 8,
      variances: [
        2.582399831257803, 0.9807669277099291, 0.722038356116008, 0.47138070157457546, 0.3128004811420576,
        0.2558482711473674, 0.19018845098364623, 0.08920522802903728,
      ], rest: 0.050239125757529215, distances: [2.9132127976456, 2.657027778954847]),
  ]

  @Test(arguments: cases)
  func isThatOfScikitLearn(expected: Case) throws {
    let rows = Self.rows(expected.count + 2, expected.size)
    let found = try #require(PrincipalAxes(Array(rows.prefix(expected.count)), most: expected.most))
    func isClose(_ found: Double, _ wanted: Double) -> Bool { abs(found - wanted) < 1e-12 * (1 + abs(wanted)) }
    #expect(found.variances.count == expected.variances.count)
    #expect(zip(found.variances, expected.variances).allSatisfy(isClose))
    #expect(isClose(found.rest, expected.rest))
    for (row, distance) in zip(rows.suffix(2), expected.distances) {
      let difference = zip(row, found.mean).map { $0 - $1 }
      var (along, rest) = (0.0, difference.reduce(0) { $0 + $1 * $1 })
      for (axis, variance) in zip(found.axes, found.variances) {
        let part = zip(axis, difference).reduce(0) { $0 + $1.0 * $1.1 }
        along += part * part / variance
        rest -= part * part
      }
      #expect(isClose((along + rest / found.rest).squareRoot(), distance))
    }
    for axis in found.axes {
      let largest = axis.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      #expect(largest > 0 && isClose(axis.reduce(0) { $0 + $1 * $1 }, 1))
    }
  }

  /// Few vectors have few axes; what all vectors have alike has none.
  @Test func axesAreNoMoreThanVectorsTell() throws {
    #expect(try #require(PrincipalAxes(Self.rows(8, 30), most: 8)).axes.count == 2)
    #expect(try #require(PrincipalAxes(Self.rows(3, 30), most: 8)).axes.isEmpty)
    #expect(try #require(PrincipalAxes(Self.rows(40, 1), most: 8)).axes.isEmpty)
    #expect(PrincipalAxes([[1, 2], [1, 2], [1, 2]], most: 8) == nil)
    // All on a plane: of three directions, one is left for the rest.
    let flat = Self.rows(40, 2).map { [$0[0], $0[1], 0, 0] }
    let found = try #require(PrincipalAxes(flat, most: 3))
    #expect(found.axes.count == 1 && found.rest > 0)
  }
}

@Suite struct SymmetricEigensystemTests {
  @Test(arguments: [1, 2, 3, 4, 17, 60])
  func vectorsAreOfTheMatrix(count: Int) {
    let numbers = PrincipalAxesTests.rows(count, count)
    check((0..<count * count).map { numbers[$0 / count][$0 % count] + numbers[$0 % count][$0 / count] }, count)
  }

  /// Where values are equal, or nothing is beside the diagonal, vectors still are at right angles.
  @Test func valuesMayBeEqual() {
    for count in [1, 2, 5] {
      check((0..<count * count).map { $0 / count == $0 % count ? 3 : 0 }, count)
      check([Double](repeating: 0, count: count * count), count)
      check([Double](repeating: 1, count: count * count), count)
    }
    // Two blocks alike.
    check([2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 2, 1, 0, 0, 1, 2], 4)
  }

  private func check(_ matrix: [Double], _ count: Int) {
    let system = SymmetricEigensystem(matrix, count: count, vectors: count)
    let size = matrix.reduce(1) { max($0, abs($1)) } * Double(count)
    #expect(zip(system.values, system.values.dropFirst()).allSatisfy { $0 >= $1 })
    for (index, vector) in system.vectors.enumerated() {
      for row in 0..<count {
        let product = (0..<count).reduce(0.0) { $0 + matrix[row * count + $1] * vector[$1] }
        #expect(abs(product - system.values[index] * vector[row]) < 1e-14 * size)
      }
      for (other, second) in system.vectors.enumerated() {
        let product = zip(vector, second).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - (index == other ? 1 : 0)) < 1e-13)
      }
    }
  }
}

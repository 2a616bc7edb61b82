import Testing

@testable import Metrics

@Suite struct AssignmentTests {
  /// Matrices of every small size, with many equal elements among them, against all permutations.
  @Test(arguments: 1...6) func findsTheBestOfAllPermutations(size: Int) {
    var generator = SeededGenerator(seed: UInt64(size))
    for bound in [2, 5, 1000] {
      for _ in 0..<20 {
        let weights = (0..<size).map { _ in (0..<size).map { _ in generator.next(below: bound) } }
        let found = Assignment.best(weights)
        #expect(Set(found) == Set(0..<size))
        let all = permutations(size).map { (sum: sum(weights, $0), kept: kept($0)) }
        let best = all.map(\.sum).max() ?? -1
        #expect(sum(weights, found) == best)
        #expect(kept(found) == all.filter { $0.sum == best }.map(\.kept).max())
      }
    }
  }

  @Test func takesNoTimeForManyClasses() {
    let size = ClassOrder.classLimit
    let weights = (0..<size).map { row in (0..<size).map { $0 == (row * 5 + 3) % size ? 7 : ($0 ^ row) % 7 } }
    #expect(Assignment.best(weights) == (0..<size).map { ($0 * 5 + 3) % size })
    #expect(Assignment.best([]) == [])
  }

  private func sum(_ weights: [[Int]], _ columns: [Int]) -> Int {
    columns.indices.reduce(0) { $0 + weights[$1][columns[$1]] }
  }

  private func kept(_ columns: [Int]) -> Int { columns.indices.count { columns[$0] == $0 } }

  private func permutations(_ count: Int) -> [[Int]] {
    guard count > 0 else { return [[]] }
    return permutations(count - 1).flatMap { rest in
      (0..<count).map { place in Array(rest[..<place]) + [count - 1] + Array(rest[place...]) }
    }
  }
}

@Suite struct ClassOrderTests {
  /// Answers of a model whose outputs 1, 2, 3 stand for classes 2, 3, 1.
  private let turned = [[18, 1, 0, 1], [1, 0, 2, 17], [0, 18, 1, 1], [2, 1, 16, 1]]

  @Test func findsTheClassOfEachOutput() throws {
    let order = try #require(ClassOrder(confusion: turned))
    #expect(order.classes == [0, 2, 3, 1])
    #expect(order.right.given == 20 && order.right.best == 69 && order.samples == 80)
    #expect(order.isSignificant)
    #expect(abs(order.balanced.best - 69.0 / 80) < 1e-12)
  }

  /// Two classes that the model cannot tell apart: either of them may be output 1.
  @Test func takesTheUsualOrderWhereNothingSpeaksAgainstIt() throws {
    let confusion = [[20, 0, 0, 0], [0, 1, 0, 19], [0, 1, 0, 17], [0, 0, 20, 0]]
    let best = try #require(ClassOrder(confusion: confusion))
    #expect(best.classes == [0, 2, 3, 1] && best.isSignificant)
    let usual = try #require(ClassOrder(confusion: confusion, usual: [[3, 1, 0, 2], [0, 1, 3, 2], [0, 0, 0, 0]]))
    #expect(usual.classes == [0, 1, 3, 2] && usual.isSignificant && usual.right.best == 58)
  }

  @Test func leavesARightOrderAlone() throws {
    let order = try #require(ClassOrder(confusion: [[9, 1, 0], [2, 8, 0], [0, 1, 9]]))
    #expect(order.classes == [0, 1, 2] && !order.isSignificant)
  }

  /// The best of all orders of answers that mean nothing gains too, but hardly ever enough: at most in 5 % of draws.
  @Test(arguments: [2, 3, 7, 10]) func isNotTakenInByChance(classes: Int) throws {
    var generator = SeededGenerator(seed: 1)
    let draws = 400
    var taken = 0
    for _ in 0..<draws {
      var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
      for sample in 0..<210 { confusion[sample % classes][generator.next(below: classes)] += 1 }
      let order = try #require(ClassOrder(confusion: confusion))
      #expect(order.right.best >= order.right.given)
      taken += order.isSignificant ? 1 : 0
    }
    #expect(taken <= draws / 20)
  }

  @Test func hasNothingToSayOfTooFewOrTooMany() {
    #expect(ClassOrder(confusion: [[0, 0], [0, 0]]) == nil)
    #expect(ClassOrder(confusion: [[5]]) == nil)
    let many = ClassOrder.classLimit + 1
    #expect(ClassOrder(confusion: (0..<many).map { _ in [Int](repeating: 1, count: many) }) == nil)
  }
}

@Suite struct WilsonIntervalTests {
  /// SciPy 1.17's binomtest(count, samples).proportion_ci(method="wilson").
  @Test(arguments: [(8, 10, 0.4901625, 0.9433178), (0, 20, 0.0, 0.1611252), (95, 210, 0.3865205, 0.5199523)])
  func equalsWilsons(count: Int, samples: Int, low: Double, high: Double) throws {
    let found = Estimate(share: count, of: samples, deviations: 1.959963985)
    #expect(abs(try #require(found.low) - low) < 1e-6)
    #expect(abs(try #require(found.high) - high) < 1e-6)
    #expect(found.value == Double(count) / Double(samples))
  }

  @Test func knowsNothingOfNoSamples() {
    #expect(Estimate(share: 0, of: 0) == Estimate(0, low: 0, high: 1))
  }
}

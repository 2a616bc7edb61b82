import Platform

/// The order of classes under which a model's answers fit the labels best.
package struct ClassOrder: Sendable {
  /// More classes are not searched: the steps grow with their third power.
  package static let classLimit = 64

  /// For each of the model's outputs the class it stands for.
  package let classes: [Int]
  /// Samples that are right in the order given, and in this one.
  package let right: (given: Int, best: Int)
  /// Recall averaged over the classes that have samples.
  package let balanced: (given: Double, best: Double)
  package let samples: Int
  /// Whether the best of all orders is better than the one given by more than it would be for answers that mean
  /// nothing.
  package let isSignificant: Bool

  /// Nil beyond `classLimit` classes, and where there are no samples.
  ///
  /// - Parameters:
  ///   - confusion: samples by right class (row) and answered class (column)
  ///   - usual: orders to take in place of the best, the first that is not surely worse; each as `classes`
  package init?(confusion: [[Int]], usual: [[Int]] = []) {
    let count = confusion.count
    let support = confusion.map { $0.reduce(0, +) }
    samples = support.reduce(0, +)
    guard (2...ClassOrder.classLimit).contains(count), confusion.allSatisfy({ $0.count == count }), samples > 0 else {
      return nil
    }
    let given = Array(0..<count)
    let best = ClassOrder.inverted(Assignment.best(confusion))
    isSignificant = ClassOrder.isWorse(given, than: best, confusion)
    classes = usual.first { $0.sorted() == given && !ClassOrder.isWorse($0, than: best, confusion) } ?? best
    let present = support.indices.filter { support[$0] > 0 }
    func mean(_ counts: [Int]) -> Double {
      present.reduce(0.0) { $0 + Double(counts[$1]) / Double(support[$1]) } / Double(present.count)
    }
    let (before, after) = (ClassOrder.right(given, confusion), ClassOrder.right(classes, confusion))
    right = (before.reduce(0, +), after.reduce(0, +))
    balanced = (mean(before), mean(after))
  }

  /// Whether one order is worse than the best of all n!: McNemar's exact test, its chance held against 0.05 / n!.
  private static func isWorse(_ order: [Int], than best: [Int], _ confusion: [[Int]]) -> Bool {
    // A class whose output is the same in both says nothing.
    let (own, others) = (inverted(order), inverted(best))
    let moved = confusion.indices.filter { own[$0] != others[$0] }
    let lost = moved.reduce(0) { $0 + confusion[$1][own[$1]] }
    let won = moved.reduce(0) { $0 + confusion[$1][others[$1]] }
    let chance = McNemar.pValue(onlyFirstRight: won, onlySecondRight: lost)
    return won > lost && chance <= 0.05 * exp(-lgamma(Double(confusion.count) + 1))
  }

  /// Right samples of each class.
  private static func right(_ order: [Int], _ confusion: [[Int]]) -> [Int] {
    zip(confusion, inverted(order)).map { $0[$1] }
  }

  /// From the class of each output the output of each class, and the other way round.
  private static func inverted(_ order: [Int]) -> [Int] {
    var result = order
    for (index, value) in order.enumerated() { result[value] = index }
    return result
  }
}

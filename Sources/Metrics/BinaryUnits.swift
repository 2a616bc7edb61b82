/// How much evidence there is about a class: how many samples, or groups of samples, each measure counts over.
package struct BinaryUnits: Sendable, Equatable {
  package let positives: Int
  package let negatives: Int
  /// Called positive.
  package let called: Int
  package let notCalled: Int

  package init(positives: Int, negatives: Int, called: Int, notCalled: Int) {
    self.positives = positives
    self.negatives = negatives
    self.called = called
    self.notCalled = notCalled
  }

  package init(isPositive: [Bool], decisions: [Bool], groups: SampleGroups?) {
    func count(_ includes: (Int) -> Bool) -> Int {
      groups?.count(where: includes) ?? isPositive.indices.count(where: includes)
    }
    positives = count { isPositive[$0] }
    negatives = count { !isPositive[$0] }
    called = count { decisions[$0] }
    notCalled = count { !decisions[$0] }
  }

  /// How far a measure that no sample changed may be off, with 95 % confidence: what none of n showed happens to at
  /// most 3 / n of all (the rule of three). Nil for what no such rule covers.
  package func margin(of measure: BinaryMeasure) -> Double? {
    switch measure {
    case .sensitivity: Self.margin(positives)
    case .specificity: Self.margin(negatives)
    case .ppv: Self.margin(called)
    case .npv: Self.margin(notCalled)
    case .balancedAccuracy: Self.margin(ofMeanOver: [positives, negatives])
    case .f1, .rocAUC, .averagePrecision, .brier: nil
    }
  }

  /// The margin of a mean over classes of so many samples, those without samples left out.
  ///
  /// That nothing changed in any class bounds the sum of n p over classes by 3, so their mean is furthest off where all
  /// of it falls on the smallest class.
  package static func margin(ofMeanOver counts: [Int]) -> Double? {
    let counts = counts.filter { $0 > 0 }
    return counts.min().flatMap { margin($0 * counts.count) }
  }

  package static func margin(_ count: Int) -> Double? { count > 0 ? 3 / Double(count) : nil }
}

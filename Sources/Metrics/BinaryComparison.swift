package import Tensors

/// What telling a positive class, or a label, from the rest comes to: for a model alone or two on the same samples.
package struct BinaryComparison: Sendable, Equatable {
  /// Nil where one model is measured alone.
  package var float: BinaryFigures?
  package var compiled: BinaryFigures
  /// The compiled model's measures with their intervals.
  package var intervals: [BinaryMeasure: Estimate]
  /// Compiled minus float, paired; empty where one model is measured alone.
  package var deltas: [BinaryMeasure: Estimate]

  package init(
    float: BinaryFigures? = nil, compiled: BinaryFigures, intervals: [BinaryMeasure: Estimate] = [:],
    deltas: [BinaryMeasure: Estimate] = [:]
  ) {
    self.float = float
    self.compiled = compiled
    self.intervals = intervals
    self.deltas = deltas
  }

  /// Measures both models' outcomes.
  ///
  /// - Throws: where the groups, or the two models' samples, do not match.
  package init(
    float: BinaryOutcomes?, compiled: BinaryOutcomes, groups: SampleGroups? = nil, bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    let count = compiled.isPositive.count
    try groups?.check(samples: count)
    guard float.map({ $0.isPositive == compiled.isPositive }) ?? true else {
      throw Refusal("the two models were not measured against the same labels")
    }
    let ranks = bootstrap.canRank(count, 2)
    let found = bootstrap.intervals(samples: count, groups: groups) { weights in
      let after = BinaryMeasure.values(compiled.measures(weights: weights, ranks: ranks))
      guard let float else { return after }
      let before = BinaryMeasure.values(float.measures(weights: weights, ranks: ranks))
      return after + BinaryMeasure.differences(after, before)
    }
    self.init(
      float: (float?.measures).map { BinaryFigures($0) }, compiled: BinaryFigures(compiled.measures),
      intervals: BinaryMeasure.named(found.prefix(BinaryMeasure.allCases.count)),
      deltas: BinaryMeasure.named(found.dropFirst(BinaryMeasure.allCases.count)))
  }

  /// Gives measures that no sample changed the interval they deserve: `Estimate.widened`.
  package mutating func widenUnchanged(_ units: BinaryUnits) {
    for measure in BinaryMeasure.allCases {
      let margin = units.margin(of: measure)
      intervals[measure] = intervals[measure]?.widened(margin: margin, to: 0...1)
      deltas[measure] = deltas[measure]?.widened(margin: margin)
    }
  }
}

/// One model's measures of a positive class, those that are defined.
package struct BinaryFigures: Sendable, Equatable {
  /// How samples were answered.
  package struct Counts: Sendable, Equatable {
    package var truePositives: Int
    package var falsePositives: Int
    package var trueNegatives: Int
    package var falseNegatives: Int

    package init(truePositives: Int, falsePositives: Int, trueNegatives: Int, falseNegatives: Int) {
      self.truePositives = truePositives
      self.falsePositives = falsePositives
      self.trueNegatives = trueNegatives
      self.falseNegatives = falseNegatives
    }
  }

  /// Nil for means over labels.
  package var counts: Counts?
  package var values: [BinaryMeasure: Double]

  package init(counts: Counts? = nil, values: [BinaryMeasure: Double]) {
    self.counts = counts
    self.values = values
  }

  package init(_ measures: BinaryMeasures) {
    self.init(
      counts: Counts(
        truePositives: measures.truePositives, falsePositives: measures.falsePositives,
        trueNegatives: measures.trueNegatives, falseNegatives: measures.falseNegatives),
      values: measures.values)
  }
}

extension BinaryMeasure {
  /// All measures in the order of the cases.
  static func values(_ measures: BinaryMeasures) -> [Double?] { allCases.map { measures[$0] } }

  /// What the first have more than the second, where both are defined.
  static func differences(_ after: [Double?], _ before: [Double?]) -> [Double?] {
    zip(after, before).map { after, before in after.flatMap { after in before.map { after - $0 } } }
  }

  /// Values in the order of the cases, by measure; without those that are nil.
  static func named<Value>(_ values: some Sequence<Value?>) -> [BinaryMeasure: Value] {
    var named: [BinaryMeasure: Value] = [:]
    for (measure, value) in zip(allCases, values) { named[measure] = value }
    return named
  }
}

package import Tensors

/// The labels of a model that decides for each whether it applies: for a model alone or two on the same samples.
package struct MultiLabelComparison: Sendable, Equatable {
  package struct Label: Sendable, Equatable {
    package let name: String
    /// The fraction of samples both models decide alike on; nil where one model is measured alone.
    package var agreement: Estimate?
    /// Nil without right answers.
    package var measures: BinaryComparison?

    package init(_ name: String, agreement: Estimate? = nil, measures: BinaryComparison? = nil) {
      self.name = name
      self.agreement = agreement
      self.measures = measures
    }
  }

  /// A measure of whole sets of labels.
  package struct Figure: Sendable, Equatable {
    package var float: Double?
    package var compiled: Double?
    package var delta: Estimate?

    package init(float: Double? = nil, compiled: Double? = nil, delta: Estimate? = nil) {
      self.float = float
      self.compiled = compiled
      self.delta = delta
    }
  }

  package var labels: [Label]
  /// The means over labels of what is defined for them; nil without right answers.
  package var macro: BinaryComparison?
  /// All samples' labels taken together; nil without right answers.
  package var micro: BinaryComparison?
  /// The fraction of samples with every label right.
  package var exactMatch: Figure?
  /// The fraction of all samples' labels that are wrong.
  package var hammingLoss: Figure?

  package init(labels: [Label]) { self.labels = labels }

  /// Measures both models' outcomes.
  ///
  /// - Parameter names: of the labels
  /// - Throws: where the groups, or the two models' samples, do not match.
  package init(
    _ names: [String], float: MultiLabelOutcomes?, compiled: MultiLabelOutcomes, groups: SampleGroups? = nil,
    bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    try groups?.check(samples: compiled.sampleCount)
    guard float.map({ $0.labels.map(\.isPositive) == compiled.labels.map(\.isPositive) }) ?? true else {
      throw Refusal("the two models were not measured against the same labels")
    }
    guard names.count == compiled.labels.count else {
      throw Refusal("\(names.count) names for \(compiled.labels.count) labels")
    }
    // Two figures of each label and of all together follow the order.
    let ranks = bootstrap.canRank(compiled.sampleCount, 4 * compiled.labels.count)
    let found = bootstrap.intervals(samples: compiled.sampleCount, groups: groups) { weights in
      let after = compiled.measures(weights: weights, ranks: ranks).values
      guard let float else { return after }
      return after + BinaryMeasure.differences(after, float.measures(weights: weights, ranks: ranks).values)
    }
    let (before, after) = (float?.measures, compiled.measures)
    let intervals = MultiLabelMeasures.Estimates(found.prefix(after.values.count))
    let deltas = before == nil ? nil : MultiLabelMeasures.Estimates(found.dropFirst(after.values.count))
    func comparison(_ place: Int, _ before: BinaryFigures?, _ after: BinaryFigures) -> BinaryComparison {
      BinaryComparison(
        float: before, compiled: after, intervals: intervals.parts[place], deltas: deltas?.parts[place] ?? [:])
    }
    self.init(
      labels: names.enumerated().map { index, name in
        let measures = comparison(
          index, (before?.labels[index]).map { BinaryFigures($0) }, BinaryFigures(after.labels[index]))
        return Label(name, measures: measures)
      })
    macro = comparison(
      names.count, (before?.macro).map { BinaryFigures(values: $0) }, BinaryFigures(values: after.macro))
    micro = comparison(names.count + 1, (before?.micro).map { BinaryFigures($0) }, BinaryFigures(after.micro))
    exactMatch = Figure(float: before?.exactMatch, compiled: after.exactMatch, delta: deltas?.exactMatch)
    hammingLoss = Figure(float: before?.hammingLoss, compiled: after.hammingLoss, delta: deltas?.hammingLoss)
  }
}

extension MultiLabelMeasures {
  /// Intervals in the order of `values`, apart again.
  fileprivate struct Estimates {
    /// Those of each label, macro and micro.
    let parts: [[BinaryMeasure: Estimate]]
    let exactMatch: Estimate?
    let hammingLoss: Estimate?

    init(_ found: ArraySlice<Estimate?>) {
      let width = BinaryMeasure.allCases.count
      parts = stride(from: found.startIndex, to: found.endIndex - 2, by: width).map { first in
        BinaryMeasure.named(found[first..<first + width])
      }
      exactMatch = found[found.endIndex - 2]
      hammingLoss = found[found.endIndex - 1]
    }
  }
}

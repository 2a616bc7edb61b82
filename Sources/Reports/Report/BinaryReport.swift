package import Metrics

/// What telling a positive class, or a label, from the rest comes to: for a model alone or two on the same samples.
package struct BinaryReport: Sendable, Equatable {
  /// One model's measures, those that are defined.
  package struct Figures: Sendable, Equatable {
    /// How samples were answered; nil for means over labels.
    package struct Counts: Sendable, Equatable {
      package var truePositives: Int
      package var falsePositives: Int
      package var trueNegatives: Int
      package var falseNegatives: Int
    }

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

  /// Nil where one model is measured alone.
  package var float: Figures?
  package var compiled: Figures
  /// The compiled model's measures with their intervals.
  package var intervals: [BinaryMeasure: Estimate]
  /// Compiled minus float.
  package var deltas: [BinaryMeasure: Estimate]

  package init(
    float: Figures? = nil, compiled: Figures, intervals: [BinaryMeasure: Estimate] = [:],
    deltas: [BinaryMeasure: Estimate] = [:]
  ) {
    self.float = float
    self.compiled = compiled
    self.intervals = intervals
    self.deltas = deltas
  }

  /// Gives measures that no sample changed the interval they deserve, as `AccuracyReport.widenUnchanged`.
  package mutating func widenUnchanged(_ units: BinaryUnits) {
    for measure in BinaryMeasure.allCases {
      let margin = units.margin(of: measure)
      intervals[measure] = intervals[measure]?.widened(margin: margin, to: 0...1)
      deltas[measure] = deltas[measure]?.widened(margin: margin)
    }
  }
}

/// The labels of a model that decides for each whether it applies.
package struct MultiLabelReport: Sendable, Equatable {
  package struct Label: Sendable, Equatable {
    package let name: String
    /// The fraction of samples both models decide alike on; nil where one model is measured alone.
    package var agreement: Estimate?
    /// Nil without right answers.
    package var measures: BinaryReport?

    package init(_ name: String, agreement: Estimate? = nil, measures: BinaryReport? = nil) {
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
  package var macro: BinaryReport?
  /// All samples' labels taken together; nil without right answers.
  package var micro: BinaryReport?
  /// The fraction of samples with every label right.
  package var exactMatch: Figure?
  /// The fraction of all samples' labels that are wrong.
  package var hammingLoss: Figure?

  package init(labels: [Label]) { self.labels = labels }
}

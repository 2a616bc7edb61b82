package import Tensors

/// Right answers and what a model decided, without its probabilities.
package enum DecidedSamples: Sendable, Equatable {
  case classes(truth: [Int], decisions: [Int], count: Int)
  case binary(truth: [Bool], decisions: [Bool])
  case labels(truth: [[Bool]], decisions: [[Bool]])

  /// What is measured, by the names reports have for it.
  var measures: [String] {
    switch self {
    case .classes: ["top1", "balanced_accuracy"]
    case .binary: [BinaryMeasure.sensitivity.rawValue, BinaryMeasure.specificity.rawValue]
    case .labels: ["macro_f1"]
    }
  }

  /// The measures where each sample stands `weights[sample]` times; nil where one is not defined.
  func values(weights: [Int]) -> [Double?] {
    switch self {
    case .classes(let truth, let decisions, let count):
      let counts = ClassCounts(labels: truth, predictions: decisions, classCount: count, weights: weights)
      return [counts.top1, counts.balancedAccuracy]
    case .binary(let truth, let decisions):
      let measures = Self.counts(truth, decisions, weights)
      return [measures[.sensitivity], measures[.specificity]]
    case .labels(let truth, let decisions):
      var labels = (truth.first ?? []).map { _ in
        BinaryMeasures(truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0)
      }
      for (sample, weight) in weights.enumerated() where weight > 0 {
        for label in labels.indices {
          labels[label].count(truth[sample][label], decisions[sample][label], weight: weight)
        }
      }
      return [RankingCurve.mean(labels.map { $0[.f1] })]
    }
  }

  private static func counts(_ truth: [Bool], _ decisions: [Bool], _ weights: [Int]) -> BinaryMeasures {
    var measures = BinaryMeasures(truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0)
    for (sample, weight) in weights.enumerated() {
      measures.count(truth[sample], decisions[sample], weight: weight)
    }
    return measures
  }

  /// For each measure how far it may be off where no sample changed it: `BinaryUnits.margin`.
  func margins(groups: SampleGroups?) -> [Double?] {
    switch self {
    case .classes(let truth, _, let count):
      func units(_ includes: (Int) -> Bool) -> Int {
        groups?.count(where: includes) ?? truth.indices.count(where: includes)
      }
      let classes = (0..<count).map { index in units { truth[$0] == index } }
      return [BinaryUnits.margin(units { _ in true }), BinaryUnits.margin(ofMeanOver: classes)]
    case .binary(let truth, let decisions):
      let units = BinaryUnits(isPositive: truth, decisions: decisions, groups: groups)
      return [units.margin(of: .sensitivity), units.margin(of: .specificity)]
    case .labels: return [nil]
    }
  }

  func subset(_ samples: [Int]) -> DecidedSamples {
    switch self {
    case .classes(let truth, let decisions, let count):
      .classes(truth: samples.map { truth[$0] }, decisions: samples.map { decisions[$0] }, count: count)
    case .binary(let truth, let decisions):
      .binary(truth: samples.map { truth[$0] }, decisions: samples.map { decisions[$0] })
    case .labels(let truth, let decisions):
      .labels(truth: samples.map { truth[$0] }, decisions: samples.map { decisions[$0] })
    }
  }
}

extension BinaryMeasures {
  mutating func count(_ isPositive: Bool, _ decision: Bool, weight: Int) {
    switch (isPositive, decision) {
    case (true, true): truePositives += weight
    case (false, true): falsePositives += weight
    case (false, false): trueNegatives += weight
    case (true, false): falseNegatives += weight
    }
  }
}

/// The samples of one value of a column, such as the sex of the patient, measured by themselves.
package struct Subgroup: Sendable, Equatable {
  package struct Figure: Sendable, Equatable {
    /// By the name it has in JSON: `sensitivity`, `top1`.
    package let measure: String
    /// Nil where one model is measured alone, or where it is not defined.
    package var float: Double?
    package var compiled: Double?
    /// Compiled minus float, paired.
    package var delta: Estimate?

    package init(_ measure: String, float: Double? = nil, compiled: Double? = nil, delta: Estimate? = nil) {
      self.measure = measure
      self.float = float
      self.compiled = compiled
      self.delta = delta
    }
  }

  package let column: String
  /// Nil for the samples it is not known of.
  package let value: String?
  package var samples: Int
  /// How many groups the samples come in; nil without groups.
  package var groups: Int?
  package var figures: [Figure]

  package init(column: String, value: String?, samples: Int, groups: Int? = nil, figures: [Figure] = []) {
    self.column = column
    self.value = value
    self.samples = samples
    self.groups = groups
    self.figures = figures
  }

  /// The largest loss of any figure; nil where none is known.
  package var worstDelta: Double? { figures.compactMap(\.delta?.value).min() }

  /// The subgroups of all columns, those that lost most first.
  ///
  /// - Parameter float: nil where one model is measured alone
  /// - Throws: where a column does not fit the samples
  package static func all(
    _ columns: [SubgroupColumn], float: DecidedSamples?, compiled: DecidedSamples, samples count: Int,
    groups: SampleGroups? = nil, bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) -> [Subgroup] {
    try groups?.check(samples: count)
    var all: [Subgroup] = []
    for column in columns {
      for (value, samples) in try column.subgroups(samples: count) {
        all.append(
          Subgroup(
            column: column.name, value: value, samples: samples.count, float: float?.subset(samples),
            compiled: compiled.subset(samples), groups: groups?.subset(samples), bootstrap))
      }
    }
    return all.enumerated().sorted { first, second in
      let (a, b) = (first.element.worstDelta ?? .infinity, second.element.worstDelta ?? .infinity)
      return a == b ? first.offset < second.offset : a < b
    }.map(\.element)
  }

  private init(
    column: String, value: String?, samples count: Int, float: DecidedSamples?, compiled: DecidedSamples,
    groups: SampleGroups?, _ bootstrap: Bootstrap
  ) {
    let once = [Int](repeating: 1, count: count)
    let deltas =
      float.map { float in
        bootstrap.intervals(samples: count, groups: groups) { weights in
          BinaryMeasure.differences(compiled.values(weights: weights), float.values(weights: weights))
        }
      } ?? []
    let (before, after) = (float?.values(weights: once), compiled.values(weights: once))
    let margins = compiled.margins(groups: groups)
    self.init(
      column: column, value: value, samples: count, groups: groups?.count,
      figures: compiled.measures.enumerated().map { index, measure in
        Figure(
          measure, float: before?[index], compiled: after[index],
          delta: deltas.isEmpty ? nil : deltas[index]?.widened(margin: margins[index]))
      })
  }
}

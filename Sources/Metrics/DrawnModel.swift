package import Tensors

/// One model's answers to labelled samples, prepared so that all that reports measure of them can be had of any draw of
/// the samples.
package struct DrawnModel: Sendable {
  private enum Answers: Sendable {
    /// The curve of each class; none where resampling them would take too long.
    case classes(LabelledScores, [RankingCurve])
    case labels(MultiLabelOutcomes, ranks: Bool)
  }

  /// What a draw of the samples gives.
  package struct Measures: Sendable {
    package let accuracy: ModelAccuracy
    /// Of a model that looks for a positive class.
    package let binary: BinaryFigures?
    /// Means over labels.
    package let macro: BinaryFigures?
  }

  private let answers: Answers
  private let names: [String]
  private let specificities: [Int: Double]
  private let outcomes: BinaryOutcomes?
  /// Right answers and decisions.
  package let decided: DecidedSamples

  /// Answers of one class each.
  ///
  /// - Parameters:
  ///   - classNames: a name for each class
  ///   - specificities: at which specificity to tell the sensitivity of some classes, by their index
  ///   - positive: the class a model of two looks for
  /// - Throws: where names or the positive class do not fit the answers.
  package init(
    _ samples: LabelledScores, classNames: [String], specificities: [Int: Double] = [:], positive: Int? = nil,
    bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    guard classNames.count == samples.classCount else {
      throw Refusal("\(classNames.count) class names for \(samples.classCount) classes")
    }
    let ranks = bootstrap.canRank(samples.sampleCount, samples.classCount)
    answers = .classes(samples, ranks ? (0..<samples.classCount).map(samples.ranking) : [])
    names = classNames
    self.specificities = specificities
    guard let positive else {
      outcomes = nil
      decided = .classes(truth: samples.labels, decisions: samples.predictions, count: samples.classCount)
      return
    }
    guard samples.classCount == 2, classNames.indices.contains(positive) else {
      throw .notBinary(samples.classCount)
    }
    let (truth, decisions) = (samples.labels.map { $0 == positive }, samples.predictions.map { $0 == positive })
    outcomes = try BinaryOutcomes(
      isPositive: truth, probabilities: samples.scores.column(positive), decisions: decisions)
    decided = .binary(truth: truth, decisions: decisions)
  }

  /// Answers of several labels.
  ///
  /// - Parameters:
  ///   - truth: for each sample whether each label applies
  ///   - names: a name for each label
  package init(
    _ scores: MultiLabelScores, truth: [[Bool]], names: [String], bootstrap: Bootstrap = Bootstrap()
  ) throws(Refusal) {
    guard names.count == scores.labelCount else {
      throw Refusal("\(names.count) names for \(scores.labelCount) labels")
    }
    answers = .labels(
      try MultiLabelOutcomes(scores, truth: truth), ranks: bootstrap.canRank(scores.sampleCount, 4 * names.count))
    self.names = names
    specificities = [:]
    outcomes = nil
    decided = .labels(truth: truth, decisions: scores.decisions)
  }

  /// The measures where each sample stands `weights[sample]` times, at least one of them once.
  package func measures(weights: [Int]) -> Measures {
    switch answers {
    case .labels(let outcomes, let ranks):
      let measures = outcomes.measures(weights: weights, ranks: ranks)
      return Measures(
        accuracy: ModelAccuracy(measures, names), binary: nil, macro: BinaryFigures(values: measures.macro))
    case .classes(let samples, let curves):
      let counts = ClassCounts(
        labels: samples.labels, predictions: samples.predictions, classCount: samples.classCount, weights: weights)
      let areas = curves.map { $0.area(weights: weights) }
      return Measures(
        accuracy: ModelAccuracy(
          top1: counts.top1, macroF1: counts.macroF1, auc: RankingCurve.mean(areas),
          ece: samples.calibrationError(weights: weights), balancedAccuracy: counts.balancedAccuracy,
          perClass: names.enumerated().map { index, name in
            ClassAccuracy(
              name, support: counts.support[index], precision: counts.precision(index), recall: counts.recall(index),
              f1: counts.f1(index), auc: areas.isEmpty ? nil : areas[index], specificity: counts.specificity(index),
              sensitivityAtSpecificity: point(index, curves, weights))
          }),
        binary: outcomes.map { BinaryFigures($0.measures(weights: weights, ranks: !curves.isEmpty)) }, macro: nil)
    }
  }

  private func point(_ index: Int, _ curves: [RankingCurve], _ weights: [Int]) -> SpecificityPoint? {
    guard !curves.isEmpty, let target = specificities[index],
      let sensitivity = curves[index].sensitivity(atSpecificity: target, weights: weights)
    else { return nil }
    return SpecificityPoint(specificity: target, sensitivity: sensitivity)
  }
}

/// The subgroups of some columns, prepared so that their figures can be had of any draw of the samples.
package struct DrawnSubgroups: Sendable {
  private struct Part: Sendable {
    let column: String
    let value: String?
    let samples: [Int]
    let float: DecidedSamples?
    let compiled: DecidedSamples
  }

  private var parts: [Part] = []

  /// - Parameters:
  ///   - float: nil where one model is measured alone
  ///   - count: how many samples there are
  /// - Throws: where a column does not fit the samples.
  package init(
    _ columns: [SubgroupColumn], float: DecidedSamples?, compiled: DecidedSamples, samples count: Int
  ) throws(Refusal) {
    for column in columns {
      for (value, samples) in try column.subgroups(samples: count) {
        parts.append(
          Part(
            column: column.name, value: value, samples: samples, float: float?.subset(samples),
            compiled: compiled.subset(samples)))
      }
    }
  }

  /// The figures where each sample stands `weights[sample]` times; a subgroup no sample was drawn of has none.
  package func subgroups(weights: [Int]) -> [Subgroup] {
    parts.map { part in
      let weights = part.samples.map { weights[$0] }
      var subgroup = Subgroup(column: part.column, value: part.value, samples: weights.reduce(0, +))
      guard subgroup.samples > 0 else { return subgroup }
      let (before, after) = (part.float?.values(weights: weights), part.compiled.values(weights: weights))
      let deltas = before.map { BinaryMeasure.differences(after, $0) }
      subgroup.figures = part.compiled.measures.enumerated().map { index, measure in
        Subgroup.Figure(
          measure, float: before?[index], compiled: after[index], delta: deltas?[index].map { Estimate($0) })
      }
      return subgroup
    }
  }
}

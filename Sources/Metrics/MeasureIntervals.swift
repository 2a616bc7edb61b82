/// Intervals of a model's measures, or of the differences between two models' measures.
///
/// Nil is a measure that is not defined on the samples.
package struct MeasureIntervals: Sendable, Equatable {
  package struct ClassIntervals: Sendable, Equatable {
    package let name: String
    package let precision: ConfidenceInterval?
    package let recall: ConfidenceInterval?
    package let auc: ConfidenceInterval?
  }

  package let top1: ConfidenceInterval?
  package let macroF1: ConfidenceInterval?
  /// Areas under ROC curves are nil also where resampling them would take too long: `areaStepLimit`.
  package let auc: ConfidenceInterval?
  package let classes: [ClassIntervals]

  /// Areas are resampled where samples x classes x resamples is at most this: a few seconds.
  package static let areaStepLimit = 2_000_000_000

  /// The intervals of one model's measures.
  package init(_ samples: LabelledScores, classNames: [String], bootstrap: Bootstrap = Bootstrap()) {
    let model = ResampledModel(samples, bootstrap)
    self.init(
      bootstrap.intervals(samples: samples.sampleCount, of: model.statistics), classNames: classNames)
  }

  /// From the order in which `ResampledModel.statistics` gives them.
  init(_ intervals: [ConfidenceInterval?], classNames: [String]) {
    top1 = intervals[0]
    macroF1 = intervals[1]
    auc = intervals[2]
    classes = zip(classNames, stride(from: 3, to: intervals.count, by: 3)).map { name, first in
      ClassIntervals(
        name: name, precision: intervals[first], recall: intervals[first + 1], auc: intervals[first + 2])
    }
  }
}

/// A model's outcomes prepared so that measuring a draw of samples is a few passes over small integers.
struct ResampledModel {
  private let samples: LabelledScores
  /// Per class; empty where resampling them would take too long.
  private let curves: [RankingCurve]

  init(_ samples: LabelledScores, _ bootstrap: Bootstrap) {
    self.samples = samples
    let (steps, overflow) = samples.scores.values.count.multipliedReportingOverflow(by: bootstrap.resamples)
    let isFast = !overflow && steps <= MeasureIntervals.areaStepLimit
    curves = isFast ? (0..<samples.classCount).map { RankingCurve(samples, class: $0) } : []
  }

  /// Top-1, macro F1, mean area; then precision, recall and area of each class.
  func statistics(weights: [Int]) -> [Double?] {
    let counts = ClassCounts(
      labels: samples.labels, predictions: samples.predictions, classCount: samples.classCount, weights: weights)
    let areas = curves.map { $0.area(weights: weights) }
    var result: [Double?] = [counts.top1, counts.macroF1, RankingCurve.mean(areas)]
    result.reserveCapacity(3 + 3 * samples.classCount)
    for index in 0..<samples.classCount {
      result.append(counts.precision(index))
      result.append(counts.recall(index))
      result.append(areas.isEmpty ? nil : areas[index])
    }
    return result
  }
}

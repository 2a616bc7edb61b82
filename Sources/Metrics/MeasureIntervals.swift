/// Intervals of a model's measures, or of the differences between two models' measures.
///
/// Nil is a measure that is not defined on the samples.
package struct MeasureIntervals: Sendable, Equatable {
  package struct ClassIntervals: Sendable, Equatable {
    package let name: String
    package let precision: ConfidenceInterval?
    package let recall: ConfidenceInterval?
    package let auc: ConfidenceInterval?
    package let specificity: ConfidenceInterval?
    /// Of the sensitivity at the specificity that was asked for; nil where none was.
    package let sensitivityAtSpecificity: ConfidenceInterval?
  }

  package let top1: ConfidenceInterval?
  package let macroF1: ConfidenceInterval?
  /// Areas under ROC curves are nil also where resampling them would take too long: `Bootstrap.rankedStepLimit`.
  package let auc: ConfidenceInterval?
  package let balancedAccuracy: ConfidenceInterval?
  package let classes: [ClassIntervals]

  /// From the order in which `ResampledModel.statistics` gives them.
  init(_ intervals: [ConfidenceInterval?], classNames: [String]) {
    top1 = intervals[0]
    macroF1 = intervals[1]
    auc = intervals[2]
    balancedAccuracy = intervals[3]
    classes = zip(classNames, stride(from: 4, to: intervals.count, by: 5)).map { name, first in
      ClassIntervals(
        name: name, precision: intervals[first], recall: intervals[first + 1], auc: intervals[first + 2],
        specificity: intervals[first + 3], sensitivityAtSpecificity: intervals[first + 4])
    }
  }
}

/// A model's outcomes prepared so that measuring a draw of samples is a few passes over small integers.
struct ResampledModel {
  private let samples: LabelledScores
  /// Per class; empty where resampling them would take too long.
  private let curves: [RankingCurve]
  private let specificities: [Int: Double]

  init(_ samples: LabelledScores, _ bootstrap: Bootstrap, specificities: [Int: Double] = [:]) {
    self.samples = samples
    self.specificities = specificities
    let isFast = bootstrap.canRank(samples.sampleCount, samples.classCount)
    curves = isFast ? (0..<samples.classCount).map(samples.ranking) : []
  }

  /// Top-1, macro F1, mean area, balanced accuracy; then precision, recall, area, specificity and the sensitivity at a
  /// specificity of each class.
  func statistics(weights: [Int]) -> [Double?] {
    let counts = ClassCounts(
      labels: samples.labels, predictions: samples.predictions, classCount: samples.classCount, weights: weights)
    let areas = curves.map { $0.area(weights: weights) }
    var result: [Double?] = [counts.top1, counts.macroF1, RankingCurve.mean(areas), counts.balancedAccuracy]
    result.reserveCapacity(4 + 5 * samples.classCount)
    for index in 0..<samples.classCount {
      result.append(counts.precision(index))
      result.append(counts.recall(index))
      result.append(areas.isEmpty ? nil : areas[index])
      result.append(counts.specificity(index))
      if !curves.isEmpty, let target = specificities[index] {
        result.append(curves[index].sensitivity(atSpecificity: target, weights: weights))
      } else {
        result.append(nil)
      }
    }
    return result
  }
}

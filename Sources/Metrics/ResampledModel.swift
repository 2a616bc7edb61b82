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

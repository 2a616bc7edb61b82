import Metrics
import Tensors

/// How sure a report's compiled model is of each image, of which all figures can be had for any draw of the images.
struct DrawnCertainty: Sendable {
  private let outcomes: CertaintyOutcomes
  /// Whether an image's prediction set has the right class.
  let isCovered: [Bool]
  /// Whether the model gives an answer to it.
  let isAnswered: [Bool]

  /// - Parameters:
  ///   - samples: what the report tells of images, as they are in it
  ///   - order: in which they are taken
  init(
    _ certainty: AnsweredSamples.Certainty, of samples: AnsweredSamples, _ report: Report, _ order: [Int]
  ) throws(Refusal) {
    func one(_ indices: [[Int]]) throws(Refusal) -> [Int] {
      try order.map { sample throws(Refusal) in
        guard indices[sample].count == 1, let first = indices[sample].first else {
          throw Refusal("predictions: an image has \(indices[sample].count) classes where how sure one is is told")
        }
        return first
      }
    }
    let (labels, decided) = (try one(samples.labels), try one(samples.compiled.decided))
    func scores(_ probabilities: [[Double]]) throws(Refusal) -> LabelledScores {
      try LabelledScores(
        Scores(
          outputs: order.map { _ in [] }, probabilities: order.map { probabilities[$0] }, predictions: decided),
        labels: labels)
    }
    let sets = order.map { certainty.sets[$0] }
    outcomes = try CertaintyOutcomes(
      stated: scores(samples.compiled.probabilities), calibrated: scores(certainty.probabilities),
      confidences: zip(order, decided).map { Float(samples.compiled.probabilities[$0][$1]) }, sets: sets,
      abstains: order.map { certainty.abstains[$0] })
    isCovered = zip(sets, labels).map { $0.contains($1) }
    isAnswered = order.map { !certainty.abstains[$0] }
  }

  /// The figures where each image stands `weights[image]` times, without intervals.
  func measured(weights: [Int]) -> CertaintyComparison {
    var model = CertaintyComparison.Model()
    model.figures = outcomes.values(weights: weights).mapValues { Estimate($0) }
    model.classes = (0..<outcomes.classCount).map { index in
      CertaintyComparison.Class(
        samples: 0, coverage: outcomes.coverage(ofClass: index, weights: weights).map { Estimate($0) }, setSize: nil)
    }
    return CertaintyComparison(samples: outcomes.sampleCount, float: nil, compiled: model, deltas: [:])
  }
}

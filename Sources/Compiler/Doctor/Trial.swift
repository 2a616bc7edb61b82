import Answers
import DataSets
import Images
import Metrics
import Reports
import Tensors

/// A model run on some samples under one preprocessing.
package struct Trial: Sendable {
  /// Where a preprocessing comes from.
  package enum Origin: String, Sendable {
    case convention
    /// Told by the options.
    case given
    /// Stored with the model.
    case stored
  }

  /// What trials are held against each other by.
  package enum Basis: String, Sendable {
    case labels
    case normalization
    case answers
  }

  let name: String
  let origin: Origin
  let preprocessing: Preprocessing
  let order: ModelInput.Order
  let labelled: LabelledFit?
  let normalization: NormalizationFit?
  let answers: AnswerSpread?
  /// What the fits are resampled from.
  private let moments: [ChannelMoments]
  private let stored: StoredMoments?
  private let probabilities: [[Double]]
  private let task: OutputMeaning.Task

  /// - Parameters:
  ///   - rows: the model's numbers for each sample
  ///   - labels: the classes of the samples, where they are known
  ///   - moments: what reaches the first normalisation, sample by sample; empty where there is none
  init(
    _ name: String, _ origin: Origin, _ preprocessing: Preprocessing, _ order: ModelInput.Order, rows: [[Float]],
    meaning: OutputMeaning, labels: [Int]?, classes: [String], probe: NormalizationProbe?, moments: [ChannelMoments]
  ) throws(Refusal) {
    self.name = name
    self.origin = origin
    self.preprocessing = preprocessing
    self.order = order
    self.moments = moments
    stored = probe?.stored
    task = meaning.task
    let ones = Array(repeating: 1, count: rows.count)
    normalization = probe.map {
      NormalizationFit(
        node: $0.node, divergence: $0.stored.divergence(of: moments, weights: ones), samples: moments.count)
    }
    let probabilities = rows.map { row in
      meaning.probabilities(row.map { $0.isFinite ? $0 : 0 }).map { min(max($0, 0), 1) }
    }
    // For a thousand classes they are the largest thing here, and only the last basis goes by them.
    self.probabilities = labels == nil && probe == nil ? probabilities : []
    answers = AnswerSpread(probabilities, weights: ones, task: meaning.task)
    if let labels {
      labelled = try LabelledFit(rows, labels: labels, meaning: meaning, classes: classes)
    } else {
      labelled = nil
    }
  }

  /// How badly it fits; the least is best.
  func misfit(by basis: Basis) -> Double {
    let value: Double? =
      switch basis {
      case .labels: labelled?.loss
      case .normalization: normalization?.divergence
      case .answers: answers.map { -$0.information }
      }
    guard let value, value.isFinite else { return .infinity }
    return value
  }

  /// At 99 %, as the best of a dozen is held against all others.
  private static let bootstrap = Bootstrap(resamples: 400, confidence: 0.99)
  private static let deviations = 2.576
  /// Stored statistics are those of other images, so a small difference in fit says nothing however sure it is.
  private static let leastRatio = 1.5

  /// Whether it fits better than another trial on the same samples by more than chance: the interval of the paired
  /// difference lies above zero.
  func beats(_ other: Trial, by basis: Basis) -> Bool {
    switch basis {
    case .labels:
      guard let own = labelled?.losses, let others = other.labelled?.losses, own.count > 1 else { return false }
      let differences = zip(own, others).map { $1 - $0 }
      let count = Double(differences.count)
      let mean = differences.reduce(0, +) / count
      let variance = differences.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
      return mean > Trial.deviations * (variance / count).squareRoot()
    case .normalization:
      guard let stored, misfit(by: basis) * Trial.leastRatio < other.misfit(by: basis) else { return false }
      return isAboveZero(moments.count) { weights in
        stored.divergence(of: other.moments, weights: weights) - stored.divergence(of: moments, weights: weights)
      }
    case .answers:
      return isAboveZero(probabilities.count) { weights in
        guard let own = AnswerSpread(probabilities, weights: weights, task: task),
          let others = AnswerSpread(other.probabilities, weights: weights, task: task)
        else { return nil }
        return own.information - others.information
      }
    }
  }

  private func isAboveZero(_ count: Int, _ difference: ([Int]) -> Double?) -> Bool {
    let interval = Trial.bootstrap.intervals(samples: count) { [difference($0)] }
    guard let low = (interval.first ?? nil)?.low else { return false }
    return low > 0
  }

  /// Why it does not fit, were it the best of all; nil where it does.
  func objection(by basis: Basis) -> String? {
    switch basis {
    case .labels: labelled?.chance
    case .normalization: normalization.flatMap(NormalizationSuspicion.sentence)
    case .answers:
      (answers?.information ?? 0) < Trial.leastInformation
        ? "answers hardly differ from image to image (\(Figures.decimal(answers?.information, 2)) nats)" : nil
    }
  }

  /// Of a coin that names the right one of two equally common classes in 85 of 100 cases.
  private static let leastInformation = 0.25
}

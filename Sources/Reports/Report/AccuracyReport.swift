package import Metrics

/// What compiling changed in a model's answers: the float model and the compiled one on the same samples.
package struct AccuracyReport: Sendable, Equatable {
  /// What the two were compared on.
  package enum Data: String, Sendable {
    case labelled
    /// Nothing is known about the right answers: only how alike the two models answer.
    case heldBack = "held-back calibration samples"
    /// Too few to hold any back: the ranges were chosen on the same samples.
    case calibration = "calibration samples"

    /// One of them, as a sentence counts it.
    package var noun: String {
      switch self {
      case .labelled: "labelled image"
      case .heldBack: "held-back calibration sample"
      case .calibration: "calibration sample"
      }
    }
  }

  package var data: Data
  package var samples: Int
  /// Class names, in the order of the model's outputs.
  package var classes: [String]
  /// The float model against the labels; nil without labels.
  package var float: ModelAccuracy?
  /// The compiled model against the labels; nil without labels.
  package var compiled: ModelAccuracy?
  /// Compiled minus float.
  package var deltas: AccuracyEstimates?
  /// The fraction of samples both models give the same class first.
  package var agreement: Estimate?
  /// Signal to quantization noise of the model's outputs in dB: 10 log10(sum x^2 / sum (x - y)^2).
  package var outputSQNR: Double?
  /// Mean cosine of the angle between the two models' outputs.
  package var cosine: Double?
  /// Mean Kullback-Leibler divergence of the compiled model's probabilities from the float model's, in nats.
  package var divergence: Double?
  /// The largest difference of outputs over the largest output.
  package var maximumRelativeError: Double?
  /// McNemar's exact test: the probability of a difference in top-1 at least as large if both models were right equally
  /// often.
  package var mcNemarP: Double?
  /// What the answers are; nil where nothing said.
  package var task: MeasuredTask?
  /// The class a binary model looks for.
  package var positive: String?
  /// From which probability on it is positive: one of a binary model, one a label; empty where the highest score
  /// decides.
  package var thresholds: [Double] = []
  /// How the thresholds were chosen, where that was on these very samples: what is said at them is optimistic.
  package var thresholdChoice: String?
  package var binary: BinaryComparison?
  package var multilabel: MultiLabelComparison?
  /// What intervals were drawn over; nil where that is samples.
  package var groups: Groups?
  /// Those that lost most first.
  package var subgroups: [Subgroup] = []
  package var curves: Curves?

  /// Samples that belong together.
  package struct Groups: Sendable, Equatable {
    /// What tells them apart, such as a column's name.
    package let name: String
    package let count: Int

    package init(name: String, count: Int) {
      self.name = name
      self.count = count
    }
  }

  /// The pictures of both models; the float one's is nil where one model is measured alone.
  package struct Curves: Sendable, Equatable {
    package var float: CurvesReport?
    package var compiled: CurvesReport

    package init(float: CurvesReport?, compiled: CurvesReport) {
      self.float = float
      self.compiled = compiled
    }
  }

  package init(data: Data, samples: Int, classes: [String] = []) {
    self.data = data
    self.samples = samples
    self.classes = classes
  }

  /// Gives measures that no sample changed the interval they deserve: `Estimate.widened`.
  ///
  /// - Parameters:
  ///   - all: how many samples, or groups of them, there are; nil counts samples
  ///   - units: what each class is measured over, in the order of the classes; nil counts samples
  package mutating func widenUnchanged(all: Int? = nil, units: [BinaryUnits]? = nil) {
    let (all, units) = (all ?? samples, units ?? sampleUnits)
    agreement = agreement?.widened(samples: all, to: 0...1)
    deltas?.widenUnchanged(all: all, classes: classes, units: units)
  }

  /// What each class is measured over by the compiled model's confusion matrix.
  private var sampleUnits: [BinaryUnits] {
    let confusion = compiled?.confusion ?? []
    return confusion.indices.map { index in
      let own = confusion[index].reduce(0, +)
      let called = confusion.reduce(0) { $0 + ($1.indices.contains(index) ? $1[index] : 0) }
      return BinaryUnits(positives: own, negatives: samples - own, called: called, notCalled: samples - called)
    }
  }

  /// The classes whose loss of recall chance does not explain: the interval holds no gain.
  package var provenLosses: [ClassEstimates] {
    (deltas?.perClass ?? []).filter { ($0.recall?.high ?? 0) < 0 }
  }

  /// The class that lost most recall: how much, and on how many samples of it. Nil where none lost any.
  package var worstRecall: (delta: ClassEstimates, before: ClassAccuracy?, after: ClassAccuracy?)? {
    let known = (deltas?.perClass ?? []).filter { ($0.recall?.value ?? 0) < 0 }
    guard let worst = known.min(by: { ($0.recall?.value ?? 0) < ($1.recall?.value ?? 0) }) else { return nil }
    return (worst, float?.perClass.first { $0.name == worst.name }, compiled?.perClass.first { $0.name == worst.name })
  }
}

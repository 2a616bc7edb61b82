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
  package var deltas: Deltas?
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
  /// From which probability on it is positive: one of a binary model, one a label; empty where the highest score decides.
  package var thresholds: [Double] = []
  /// How the thresholds were chosen, where that was on these very samples: what is said at them is optimistic.
  package var thresholdChoice: String?
  package var binary: BinaryReport?
  package var multilabel: MultiLabelReport?
  /// What intervals were drawn over; nil where that is samples.
  package var groups: Groups?
  /// Those that lost most first.
  package var subgroups: [SubgroupReport] = []
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

  /// Compiled minus float, as fractions.
  package struct Deltas: Sendable, Equatable {
    package var top1: Estimate?
    package var macroF1: Estimate?
    package var auc: Estimate?
    package var balancedAccuracy: Estimate?
    package var perClass: [ClassDelta]

    package init(
      top1: Estimate? = nil, macroF1: Estimate? = nil, auc: Estimate? = nil, balancedAccuracy: Estimate? = nil,
      perClass: [ClassDelta] = []
    ) {
      self.top1 = top1
      self.balancedAccuracy = balancedAccuracy
      self.macroF1 = macroF1
      self.auc = auc
      self.perClass = perClass
    }
  }

  package struct ClassDelta: Sendable, Equatable {
    package let name: String
    package var recall: Estimate?
    package var precision: Estimate?
    package var auc: Estimate?
    package var specificity: Estimate?
    package var sensitivityAtSpecificity: Estimate?

    package init(
      _ name: String, recall: Estimate? = nil, precision: Estimate? = nil, auc: Estimate? = nil,
      specificity: Estimate? = nil, sensitivityAtSpecificity: Estimate? = nil
    ) {
      self.name = name
      self.specificity = specificity
      self.sensitivityAtSpecificity = sensitivityAtSpecificity
      self.recall = recall
      self.precision = precision
      self.auc = auc
    }
  }

  /// Gives measures that no sample changed the interval they deserve.
  ///
  /// Resampling samples that all agree gives an interval of no width, however few they are. By the rule of three, what
  /// none of n samples showed happens, with 95 % confidence, to at most 3 / n of all.
  ///
  /// - Parameters:
  ///   - all: how many samples, or groups of them, there are; nil counts samples
  ///   - units: what each class is measured over, in the order of the classes; nil counts samples
  package mutating func widenUnchanged(all: Int? = nil, units: [BinaryUnits]? = nil) {
    let all = all ?? samples
    let units = units ?? sampleUnits
    agreement = agreement?.widened(samples: all, to: 0...1)
    guard var widened = deltas else { return }
    widened.top1 = widened.top1?.widened(samples: all)
    widened.balancedAccuracy = widened.balancedAccuracy?
      .widened(margin: BinaryUnits.margin(ofMeanOver: units.map(\.positives)))
    widened.perClass = widened.perClass.map { delta in
      guard let index = classes.firstIndex(of: delta.name), units.indices.contains(index) else { return delta }
      var delta = delta
      delta.recall = delta.recall?.widened(margin: units[index].margin(of: .sensitivity))
      delta.precision = delta.precision?.widened(margin: units[index].margin(of: .ppv))
      delta.specificity = delta.specificity?.widened(margin: units[index].margin(of: .specificity))
      return delta
    }
    deltas = widened
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
  package var provenLosses: [ClassDelta] {
    (deltas?.perClass ?? []).filter { ($0.recall?.high ?? 0) < 0 }
  }

  /// The class that lost most recall: how much, and on how many samples of it. Nil where none lost any.
  package var worstRecall: (delta: ClassDelta, before: ClassAccuracy?, after: ClassAccuracy?)? {
    let known = (deltas?.perClass ?? []).filter { ($0.recall?.value ?? 0) < 0 }
    guard let worst = known.min(by: { ($0.recall?.value ?? 0) < ($1.recall?.value ?? 0) }) else { return nil }
    return (worst, float?.perClass.first { $0.name == worst.name }, compiled?.perClass.first { $0.name == worst.name })
  }
}

/// One model against labels. All measures are fractions; nil is a measure that is not defined on these samples.
package struct ModelAccuracy: Sendable, Equatable {
  package var top1: Double?
  /// The mean of the classes' F1.
  package var macroF1: Double?
  /// The mean of the classes' areas under the ROC curve, each against the rest.
  package var auc: Double?
  /// Expected calibration error: how far stated confidence is from the fraction that is right.
  package var ece: Double?
  /// Mean negative logarithm of the probability given to the right class, in nats.
  package var logLoss: Double?
  /// Mean squared distance of the probabilities from the right answer.
  package var brier: Double?
  /// The mean recall of the classes.
  package var balancedAccuracy: Double?
  package var perClass: [ClassAccuracy]
  /// Samples by true class (row) and answered class (column); empty where unknown.
  package var confusion: [[Int]]

  package init(
    top1: Double? = nil, macroF1: Double? = nil, auc: Double? = nil, ece: Double? = nil,
    logLoss: Double? = nil, brier: Double? = nil, balancedAccuracy: Double? = nil, perClass: [ClassAccuracy] = [],
    confusion: [[Int]] = []
  ) {
    self.balancedAccuracy = balancedAccuracy
    self.top1 = top1
    self.macroF1 = macroF1
    self.auc = auc
    self.ece = ece
    self.logLoss = logLoss
    self.brier = brier
    self.perClass = perClass
    self.confusion = confusion
  }
}

/// One class of a model against labels.
package struct ClassAccuracy: Sendable, Equatable {
  package var name: String
  /// Samples of the class.
  package var support: Int
  package var precision: Double?
  package var recall: Double?
  package var f1: Double?
  package var auc: Double?
  /// Of the samples of other classes, the fraction not taken for this one.
  package var specificity: Double?
  /// The area below the steps of the precision-recall curve, the class against the rest.
  package var averagePrecision: Double?
  /// The highest sensitivity at a specificity that was asked for.
  package var sensitivityAtSpecificity: SpecificityPoint?

  package init(
    _ name: String, support: Int, precision: Double? = nil, recall: Double? = nil, f1: Double? = nil,
    auc: Double? = nil, specificity: Double? = nil, averagePrecision: Double? = nil,
    sensitivityAtSpecificity: SpecificityPoint? = nil
  ) {
    self.specificity = specificity
    self.averagePrecision = averagePrecision
    self.sensitivityAtSpecificity = sensitivityAtSpecificity
    self.name = name
    self.support = support
    self.precision = precision
    self.recall = recall
    self.f1 = f1
    self.auc = auc
  }
}

import Metrics
import Runtime
import Texts

/// One kind of limit a budget may set. Adding one is an entry in `Limit.all`.
struct Limit: Sendable {
  enum Direction: Sendable {
    case atMost
    case atLeast
  }

  /// How a limit and what is measured are written, and which values make sense.
  enum Unit: Sendable {
    case bytes
    case count
    /// 0 to 1, shown as percent.
    case fraction
    /// A loss of a fraction, 0 to 1, shown as percentage points.
    case drop
    case decibels
  }

  /// What a report has to say about a limit.
  enum Measured: Sendable {
    /// The figure, and the class it belongs to; empty for figures of the whole model.
    case value(Double, subject: String = "")
    /// Why the report does not have the figure.
    case missing(String)
  }

  /// What a limit looks at.
  enum Figure: Sendable {
    case whole(@Sendable (Report, _ usesIntervals: Bool) -> Measured)
    /// A figure of each class the budget names.
    case perClass(@Sendable (AccuracyReport, _ name: String, _ usesIntervals: Bool) -> Measured)
  }

  let key: String
  let direction: Direction
  let unit: Unit
  let figure: Figure

  /// All limits there are.
  static let all: [Limit] = [
    Limit("max_bundle_bytes", .atMost, .bytes) { report, _ in
      report.bundle.map { .value(Double($0.bytes)) } ?? .missing("the report is not of a bundle")
    },
    Limit("max_parameters", .atMost, .count) { report, _ in .value(Double(report.compiled.parameters)) },
    Limit("max_macs", .atMost, .count) { report, _ in .value(Double(report.compiled.macs)) },
    Limit("max_effective_macs", .atMost, .count) { report, _ in .value(Double(report.compiled.effectiveMACs)) },
    Limit("max_peak_activation_bytes", .atMost, .bytes) { report, _ in
      .value(Double(report.compiled.peakActivationBytes))
    },
    Limit("max_arena_bytes", .atMost, .bytes) { report, _ in report.memory(\.arenaBytes, of: \.arenaBytes) },
    Limit("max_packed_bytes", .atMost, .bytes) { report, _ in report.memory(\.packedBytes, of: \.arenaBytes) },
    Limit("max_scratch_bytes", .atMost, .bytes) { report, _ in report.memory(\.scratchBytes, of: \.memoryBytes) },
    Limit("max_memory_bytes", .atMost, .bytes) { report, _ in report.memory(\.memoryBytes, of: \.memoryBytes) },
    Limit("max_float_layers", .atMost, .count) { report, _ in
      report.layers.isEmpty
        ? .missing("the report has no layers") : .value(Double(report.layers.count { $0.isFloat }))
    },
    Limit("max_float_macs_share", .atMost, .fraction) { report, _ in
      report.layers.isEmpty ? .missing("the report has no layers") : .value(report.floatShare ?? 0)
    },
    Limit("min_top1", .atLeast, .fraction) { report, _ in report.labelled(\.top1) },
    Limit("min_macro_f1", .atLeast, .fraction) { report, _ in report.labelled(\.macroF1) },
    Limit("min_auc", .atLeast, .fraction) { report, _ in report.labelled(\.auc) },
    Limit("max_ece", .atMost, .fraction) { report, _ in report.labelled(\.ece) },
    Limit("max_top1_drop", .atMost, .drop) { $0.drop(\.top1, usesIntervals: $1) },
    Limit("max_macro_f1_drop", .atMost, .drop) { $0.drop(\.macroF1, usesIntervals: $1) },
    Limit("max_auc_drop", .atMost, .drop) { $0.drop(\.auc, usesIntervals: $1) },
    Limit("max_recall_drop", .atMost, .drop) { $0.worstRecallDrop(usesIntervals: $1) },
    Limit("min_balanced_accuracy", .atLeast, .fraction) { report, _ in report.labelled(\.balancedAccuracy) },
    Limit("max_balanced_accuracy_drop", .atMost, .drop) { $0.drop(\.balancedAccuracy, usesIntervals: $1) },
    Limit("min_sensitivity", .atLeast, .fraction) { report, _ in report.binary(.sensitivity) },
    Limit("min_specificity", .atLeast, .fraction) { report, _ in report.binary(.specificity) },
    Limit("min_roc_auc", .atLeast, .fraction) { report, _ in report.binary(.rocAUC) },
    Limit("min_pr_auc", .atLeast, .fraction) { report, _ in report.binary(.averagePrecision) },
    Limit("max_sensitivity_drop", .atMost, .drop) { $0.binaryDrop(.sensitivity, usesIntervals: $1) },
    Limit("max_specificity_drop", .atMost, .drop) { $0.binaryDrop(.specificity, usesIntervals: $1) },
    Limit("max_subgroup_drop", .atMost, .drop) { $0.worstSubgroupDrop(usesIntervals: $1) },
    Limit("min_agreement", .atLeast, .fraction) { $0.agreement(usesIntervals: $1) },
    Limit("min_output_sqnr_db", .atLeast, .decibels) { report, _ in
      guard let accuracy = report.accuracy else { return .notCompared }
      guard accuracy.cosine != nil || accuracy.outputSQNR != nil || accuracy.maximumRelativeError != nil else {
        return .alone
      }
      // Equal outputs have no noise and so no level.
      let level = accuracy.outputSQNR ?? (accuracy.maximumRelativeError == 0 ? .infinity : nil)
      return level.map { .value($0) } ?? .undefined
    },
    Limit(
      key: "min_recall", direction: .atLeast, unit: .fraction,
      figure: .perClass { accuracy, name, _ in
        accuracy.compiled?.perClass.first { $0.name == name }?.recall.map { .value($0) } ?? .noSamples(name)
      }),
    Limit(
      key: "max_recall_drop_per_class", direction: .atMost, unit: .drop,
      figure: .perClass { accuracy, name, usesIntervals in
        accuracy.deltas?.perClass.first { $0.name == name }?.recall
          .map { .drop($0, usesInterval: usesIntervals) } ?? .noSamples(name)
      }),
    Limit(
      key: "min_specificity_per_class", direction: .atLeast, unit: .fraction,
      figure: .perClass { accuracy, name, _ in
        accuracy.compiled?.perClass.first { $0.name == name }?.specificity.map { .value($0) } ?? .noSamples(name)
      }),
    Limit(
      key: "max_specificity_drop_per_class", direction: .atMost, unit: .drop,
      figure: .perClass { accuracy, name, usesIntervals in
        accuracy.deltas?.perClass.first { $0.name == name }?.specificity
          .map { .drop($0, usesInterval: usesIntervals) } ?? .noSamples(name)
      }),
    Limit(
      key: "min_sensitivity_at_specificity", direction: .atLeast, unit: .fraction,
      figure: .perClass { accuracy, name, _ in
        accuracy.compiled?.perClass.first { $0.name == name }?.sensitivityAtSpecificity
          .map { .value($0.sensitivity) }
          ?? .missing("the report states no specificity for \(Printable.name(name))")
      }),
  ]
}

extension Limit {
  private init(
    _ key: String, _ direction: Direction, _ unit: Unit, _ figure: @escaping @Sendable (Report, Bool) -> Measured
  ) {
    self.init(key: key, direction: direction, unit: unit, figure: .whole(figure))
  }
}

extension Limit.Measured {
  /// Why a report has no measures against labels.
  static func notLabelled(_ report: Report) -> Limit.Measured {
    guard let accuracy = report.accuracy, accuracy.data == .labelled else {
      return .missing("the report has no labelled data; compile with --eval")
    }
    return accuracy.hasDecisions ? .alone : .noClasses
  }

  fileprivate static let notCompared = missing("the report compares nothing; compile with --eval or --calib")
  fileprivate static let alone = missing("the report is of one model alone, not of two compared")
  fileprivate static let noClasses = missing(
    "the models were compared by the distance of their outputs alone, which are no classes; say what they mean with "
      + "--task")
  fileprivate static let undefined = missing("it is not defined on the evaluation data")
  fileprivate static let noInterval = missing("the report has no interval of it")

  fileprivate static func noSamples(_ name: String) -> Limit.Measured {
    .missing("it is not defined on the evaluation data for \(Printable.name(name))")
  }

  /// A loss: the difference turned round, or the end of its interval that is the greater loss.
  fileprivate static func drop(_ delta: Estimate, usesInterval: Bool) -> Limit.Measured {
    guard usesInterval else { return .value(-delta.value) }
    return delta.low.map { .value(-$0) } ?? .noInterval
  }
}

extension Report {
  /// A figure of the compiled model's memory.
  ///
  /// - Parameter whole: what is never 0 in a report that has the figure
  fileprivate func memory(
    _ figure: (PlanMemory) -> Int, of whole: (PlanMemory) -> Int
  ) -> Limit.Measured {
    whole(compiled.memory) > 0 ? .value(Double(figure(compiled.memory))) : .missing("the report does not have it")
  }

  /// A measure of the compiled model against labels.
  fileprivate func labelled(_ measure: (ModelAccuracy) -> Double?) -> Limit.Measured {
    guard let compiled = accuracy?.compiled else { return .notLabelled(self) }
    return measure(compiled).map { .value($0) } ?? .undefined
  }

  fileprivate func drop(_ measure: (AccuracyEstimates) -> Estimate?, usesIntervals: Bool) -> Limit.Measured {
    guard let deltas = accuracy?.deltas else { return .notLabelled(self) }
    return measure(deltas).map { .drop($0, usesInterval: usesIntervals) } ?? .undefined
  }

  /// The largest loss of recall of any class that has samples.
  fileprivate func worstRecallDrop(usesIntervals: Bool) -> Limit.Measured {
    guard let deltas = accuracy?.deltas else { return .notLabelled(self) }
    var worst: (value: Double, subject: String)?
    for delta in deltas.perClass {
      guard let recall = delta.recall else { continue }
      guard case .value(let value, _) = Limit.Measured.drop(recall, usesInterval: usesIntervals) else {
        return .missing("the report has no interval of the recall of \(Printable.name(delta.name))")
      }
      if value > worst?.value ?? -.infinity { worst = (value, delta.name) }
    }
    return worst.map { .value($0.value, subject: $0.subject) } ?? .undefined
  }

  /// Why a report does not tell of a positive class.
  private var notBinary: Limit.Measured {
    guard let accuracy, accuracy.compiled != nil else { return .notLabelled(self) }
    let name = accuracy.classes.first.map { Printable.name($0) } ?? "mel"
    return .missing(
      "the report is not of a binary model; limits of its classes are such as \"min_recall\": {\"\(name)\": 0.8}")
  }

  /// A measure of the compiled model's positive class; where labels are decided one by one, the mean over them of an
  /// area, which no threshold moves.
  fileprivate func binary(_ measure: BinaryMeasure) -> Limit.Measured {
    let isArea = measure == .rocAUC || measure == .averagePrecision
    guard let report = accuracy?.binary ?? (isArea ? accuracy?.multilabel?.macro : nil) else { return notBinary }
    return report.compiled.values[measure].map { .value($0) } ?? .undefined
  }

  fileprivate func binaryDrop(_ measure: BinaryMeasure, usesIntervals: Bool) -> Limit.Measured {
    guard let report = accuracy?.binary else { return notBinary }
    guard report.float != nil else { return .alone }
    return report.deltas[measure].map { .drop($0, usesInterval: usesIntervals) } ?? .undefined
  }

  /// The largest loss of any figure of any subgroup.
  fileprivate func worstSubgroupDrop(usesIntervals: Bool) -> Limit.Measured {
    guard let accuracy, accuracy.compiled != nil else { return .notLabelled(self) }
    guard !accuracy.subgroups.isEmpty else {
      return .missing("the report has no subgroups; name columns of the labels with --subgroups")
    }
    var worst: (value: Double, subject: String)?
    for subgroup in accuracy.subgroups {
      for figure in subgroup.figures {
        guard let delta = figure.delta else { continue }
        guard case .value(let value, _) = Limit.Measured.drop(delta, usesInterval: usesIntervals) else {
          return .missing("the report has no interval of \(figure.measure) for \(Printable.name(subgroup.name))")
        }
        if value > worst?.value ?? -.infinity {
          worst = (value, "\(AnswersText.name(figure.measure)), \(subgroup.name)")
        }
      }
    }
    return worst.map { .value($0.value, subject: $0.subject) } ?? .undefined
  }

  fileprivate func agreement(usesIntervals: Bool) -> Limit.Measured {
    guard let accuracy else { return .notCompared }
    guard let agreement = accuracy.agreement else { return accuracy.hasDecisions ? .alone : .noClasses }
    guard usesIntervals else { return .value(agreement.value) }
    return agreement.low.map { .value($0) } ?? .noInterval
  }
}

extension AccuracyReport {
  /// Whether the models decide for something, and not only put out numbers.
  fileprivate var hasDecisions: Bool { agreement != nil || compiled != nil || multilabel != nil }
}

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
  enum Unit: String, Sendable {
    case bytes
    case count
    /// A count of few: its change counts them, and is no share.
    case layers
    case milliseconds
    /// 0 to 1, shown as percent.
    case fraction
    /// A loss of a fraction, 0 to 1, shown as percentage points.
    case drop
    case decibels
    /// -1 to 1.
    case correlation
    /// A mean number of classes.
    case classes

    /// Whether a change is told as a share of what was.
    var isRelative: Bool { self == .bytes || self == .count || self == .milliseconds }
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
    case perClass(@Sendable (Report, _ name: String, _ usesIntervals: Bool) -> Measured)
    /// A figure at each level in dB the budget names.
    case perLevel(@Sendable (Report, _ level: Double) -> Measured)
    /// The time of an inference, which no report has.
    case time
  }

  /// What a figure would be for another draw of the images.
  enum Basis: Sendable {
    /// The same: it is the model's own.
    case model
    /// It follows from answers to labelled images.
    case answers
    /// It is of outputs, and reports have no intervals of its change.
    case outputs
    /// It is measured anew each time.
    case time
  }

  let key: String
  let direction: Direction
  let unit: Unit
  var basis = Basis.model
  let figure: Figure
  /// Which images the figure is a share of; nil of figures that are none.
  var counted: Counted?
  /// What the compiled model has more of it than the float model, with its interval, or the figure itself of `counted`
  /// agreement; nil of figures that have none.
  var difference: (@Sendable (AccuracyReport, _ name: String) -> Estimate?)?
  /// The figure with its interval; nil of figures whose reports have none.
  var estimate: (@Sendable (Report, _ name: String) -> Estimate?)?
  /// The figure with its interval, and what the compiled model has more of it than the float model; nil of figures that
  /// tell nothing of how sure answers are.
  var certain: (@Sendable (UncertaintyReport, _ name: String) -> (own: Estimate?, difference: Estimate?))?

  /// All limits there are.
  static let all = common + certainty

  private static let common: [Limit] = [
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
    Limit(key: "max_latency_ms", direction: .atMost, unit: .milliseconds, basis: .time, figure: .time),
    Limit("max_float_layers", .atMost, .layers) { report, _ in
      report.layers.isEmpty
        ? .missing("the report has no layers") : .value(Double(report.layers.count { $0.isFloat }))
    },
    Limit("max_float_macs_share", .atMost, .fraction) { report, _ in
      report.layers.isEmpty ? .missing("the report has no layers") : .value(report.floatShare ?? 0)
    },
    Limit("min_layer_sqnr_db", .atLeast, .decibels, .outputs) { report, _ in report.worstLayerLevel },
    Limit(
      key: "max_layers_below_db", direction: .atMost, unit: .layers, basis: .outputs,
      figure: .perLevel { report, level in report.layers(below: level) }),
    Limit("min_top1", .atLeast, .fraction, .answers) { report, _ in report.labelled(\.top1) }
      .counting(.right).differing { accuracy, _ in accuracy.deltas?.top1 },
    Limit("min_macro_f1", .atLeast, .fraction, .answers) { report, _ in report.labelled(\.macroF1) }
      .differing { accuracy, _ in accuracy.deltas?.macroF1 },
    Limit("min_auc", .atLeast, .fraction, .answers) { report, _ in report.labelled(\.auc) }
      .differing { accuracy, _ in accuracy.deltas?.auc },
    Limit("max_ece", .atMost, .fraction, .answers) { report, _ in report.labelled(\.ece) },
    Limit("max_ece_rise", .atMost, .drop, .answers) { report, _ in report.eceRise },
    Limit("max_top1_drop", .atMost, .drop, .answers) { $0.drop(\.top1, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.deltas?.top1 },
    Limit("max_macro_f1_drop", .atMost, .drop, .answers) { $0.drop(\.macroF1, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.deltas?.macroF1 },
    Limit("max_auc_drop", .atMost, .drop, .answers) { $0.drop(\.auc, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.deltas?.auc },
    Limit("max_recall_drop", .atMost, .drop, .answers) { $0.worstRecallDrop(usesIntervals: $1) },
    Limit("min_balanced_accuracy", .atLeast, .fraction, .answers) { report, _ in report.labelled(\.balancedAccuracy) }
      .differing { accuracy, _ in accuracy.deltas?.balancedAccuracy },
    Limit("max_balanced_accuracy_drop", .atMost, .drop, .answers) { $0.drop(\.balancedAccuracy, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.deltas?.balancedAccuracy },
    Limit("min_sensitivity", .atLeast, .fraction, .answers) { report, _ in report.binary(.sensitivity) }
      .counting(.found).differing { accuracy, _ in accuracy.binary?.deltas[.sensitivity] },
    Limit("min_specificity", .atLeast, .fraction, .answers) { report, _ in report.binary(.specificity) }
      .counting(.spared).differing { accuracy, _ in accuracy.binary?.deltas[.specificity] },
    Limit("min_roc_auc", .atLeast, .fraction, .answers) { report, _ in report.binary(.rocAUC) }
      .differing { accuracy, _ in accuracy.areas?.deltas[.rocAUC] },
    Limit("min_pr_auc", .atLeast, .fraction, .answers) { report, _ in report.binary(.averagePrecision) }
      .differing { accuracy, _ in accuracy.areas?.deltas[.averagePrecision] },
    Limit("max_sensitivity_drop", .atMost, .drop, .answers) { $0.binaryDrop(.sensitivity, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.binary?.deltas[.sensitivity] },
    Limit("max_specificity_drop", .atMost, .drop, .answers) { $0.binaryDrop(.specificity, usesIntervals: $1) }
      .differing { accuracy, _ in accuracy.binary?.deltas[.specificity] },
    Limit("max_subgroup_drop", .atMost, .drop, .answers) { $0.worstSubgroupDrop(usesIntervals: $1) },
    Limit("min_agreement", .atLeast, .fraction, .answers) { $0.agreement(usesIntervals: $1) }
      .counting(.agreeing).differing { accuracy, _ in accuracy.agreement },
    Limit("min_output_sqnr_db", .atLeast, .decibels, .outputs) { report, _ in report.outputLevel },
    Limit("min_recall", .fraction) { accuracy, name, _ in
      accuracy.compiled?.perClass.first { $0.name == name }?.recall.map { .value($0) } ?? .noSamples(name)
    }.counting(.found).differing { $0.delta(of: $1)?.recall },
    Limit("max_recall_drop_per_class", .drop) { accuracy, name, usesIntervals in
      accuracy.delta(of: name)?.recall.map { .drop($0, usesInterval: usesIntervals) } ?? .noSamples(name)
    }.differing { $0.delta(of: $1)?.recall },
    Limit("min_specificity_per_class", .fraction) { accuracy, name, _ in
      accuracy.compiled?.perClass.first { $0.name == name }?.specificity.map { .value($0) } ?? .noSamples(name)
    }.counting(.spared).differing { $0.delta(of: $1)?.specificity },
    Limit("max_specificity_drop_per_class", .drop) { accuracy, name, usesIntervals in
      accuracy.delta(of: name)?.specificity.map { .drop($0, usesInterval: usesIntervals) } ?? .noSamples(name)
    }.differing { $0.delta(of: $1)?.specificity },
    Limit("min_sensitivity_at_specificity", .fraction) { accuracy, name, _ in
      accuracy.compiled?.perClass.first { $0.name == name }?.sensitivityAtSpecificity
        .map { .value($0.sensitivity) }
        ?? .missing("the report states no specificity for \(Printable.name(name))")
    }.differing { $0.delta(of: $1)?.sensitivityAtSpecificity },
    .looks("min_explanation_correlation", .atLeast, .correlation, .correlation),
    .looks("min_explanation_overlap", .atLeast, .fraction, .overlap),
    .looks("max_explanation_shift", .atMost, .fraction, .shift),
    .looksByClass("min_explanation_correlation_per_class", .atLeast, .correlation, .correlation),
    .looksByClass("min_explanation_overlap_per_class", .atLeast, .fraction, .overlap),
  ]
}

extension Limit {
  private init(
    _ key: String, _ direction: Direction, _ unit: Unit, _ basis: Basis = .model,
    _ figure: @escaping @Sendable (Report, Bool) -> Measured
  ) {
    self.init(key: key, direction: direction, unit: unit, basis: basis, figure: .whole(figure))
  }

  /// A limit for each class: on a drop at most, on a fraction at least.
  private init(
    _ key: String, _ unit: Unit, _ figure: @escaping @Sendable (AccuracyReport, String, Bool) -> Measured
  ) {
    self.init(
      key: key, direction: unit == .drop ? .atMost : .atLeast, unit: unit, basis: .answers,
      figure: .perClass { report, name, usesIntervals in
        report.accuracy.map { figure($0, name, usesIntervals) } ?? .notLabelled(report)
      })
  }

  /// A limit on how alike the maps of both models are.
  private static func looks(
    _ key: String, _ direction: Direction, _ unit: Unit, _ measure: MapFidelity.Measure
  ) -> Limit {
    var limit = Limit(key, direction, unit, .outputs) { report, usesIntervals in
      report.looks(measure, usesIntervals ? direction : nil)
    }
    limit.estimate = { report, _ in report.explanations?.all.means[measure] }
    return limit
  }

  private static func looksByClass(
    _ key: String, _ direction: Direction, _ unit: Unit, _ measure: MapFidelity.Measure
  ) -> Limit {
    var limit = Limit(
      key: key, direction: direction, unit: unit, basis: .outputs,
      figure: .perClass { report, name, usesIntervals in
        report.looks(measure, ofClass: name, usesIntervals ? direction : nil)
      })
    limit.estimate = { report, name in report.explanations?.measures(ofClass: name)?.means[measure] }
    return limit
  }

  func counting(_ counted: Counted) -> Limit {
    var limit = self
    limit.counted = counted
    return limit
  }

  private func differing(_ difference: @escaping @Sendable (AccuracyReport, String) -> Estimate?) -> Limit {
    var limit = self
    limit.difference = difference
    return limit
  }

  /// The figure, and of which unit it is, in words: `2,150,300`, `75.00 %`, `equal outputs`.
  func text(_ value: Double) -> String {
    switch unit {
    case .bytes, .count, .layers:
      abs(value) < 9e15 && value == value.rounded() ? Figures.grouped(Int(value)) : "\(value)"
    case .milliseconds: Figures.decimal(value, 3) + " ms"
    case .fraction: Figures.percent(value, 2)
    case .drop: Figures.decimal(100 * value, 2) + " pp"
    case .correlation: Figures.decimal(value, 4)
    case .decibels: value == .infinity ? "equal outputs" : Figures.decimal(value, 2) + " dB"
    case .classes: Figures.decimal(value, 2) + " classes"
    }
  }

  /// How much worse a figure became: `2.40 % worse`, `1.00 pp better (−0.50 … +2.50)`, `unchanged`. The interval, where
  /// there is one, is of what the words before it say: of a gain, how much better.
  func changeText(_ loss: Estimate) -> String {
    let isGain = loss.value < 0
    let text = loss.value == 0 ? "unchanged" : "\(amount(abs(loss.value))) \(isGain ? "better" : "worse")"
    guard let low = loss.low, let high = loss.high, low < high else { return text }
    return text + " " + (isGain ? rangeText(-high, -low) : rangeText(low, high))
  }

  /// A change without its direction.
  private func amount(_ change: Double) -> String {
    switch unit {
    case .bytes, .count, .milliseconds: Figures.percent(change, 2)
    case .layers: Figures.count(Int(min(change, 1e9)), "layer")
    case .fraction, .drop: Figures.decimal(100 * change, 2) + " pp"
    case .decibels: Figures.decimal(change, 2) + " dB"
    case .correlation: Figures.decimal(change, 4)
    case .classes: Figures.decimal(change, 2) + " classes"
    }
  }

  /// An interval: `(−1.67 … +13.33)`.
  private func rangeText(_ low: Double, _ high: Double) -> String {
    let factor: Double =
      switch unit {
      case .decibels, .layers, .classes, .correlation: 1
      case .bytes, .count, .milliseconds, .fraction, .drop: 100
      }
    let places = unit == .correlation ? 4 : 2
    return "(\(Figures.signed(factor * low, places)) … \(Figures.signed(factor * high, places)))"
  }

  func budgetText(ofChange value: Double) -> String {
    value == 0 ? "no worse" : "\(amount(value)) worse"
  }
}

/// Which images a figure is a share of.
enum Counted: Sendable {
  /// Of all those with the right answer.
  case right
  /// Of those of a class, or positive ones, those answered so.
  case found
  /// Of those not of a class, or not positive, those not answered so.
  case spared
  /// Of all those both models decide alike on.
  case agreeing
  /// Of all those, or those of a class, whose prediction set has the right class.
  case covered
  /// Of all those the model does not abstain from.
  case answered
}

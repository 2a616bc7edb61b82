import Metrics
import Runtime
import Texts

extension Limit.Measured {
  /// Why a report has no measures against labels.
  static func notLabelled(_ report: Report) -> Limit.Measured {
    guard let accuracy = report.accuracy, accuracy.data == .labelled else {
      return .missing("the report has no labelled data; compile with --eval")
    }
    return accuracy.hasDecisions ? .alone : .noClasses
  }

  static let notCompared = missing("the report compares nothing; compile with --eval or --calib")
  static let alone = missing("the report is of one model alone, not of two compared")
  static let noClasses = missing(
    "the models were compared by the distance of their outputs alone, which are no classes; say what they mean with "
      + "--task")
  static let undefined = missing("it is not defined on the evaluation data")
  static let noLayerLevels = missing("the report has no errors of layers; compile with --int8 --calib")
  static let notFitted = missing(
    "the report does not tell how sure answers are; compile with --calibrate-probabilities and --eval")
  static let notExplained = missing(
    "the report does not tell where the models look; compile with --explanations and --eval")
  static let noInterval = missing("the report has no interval of it")

  static func noSamples(_ name: String) -> Limit.Measured {
    .missing("it is not defined on the evaluation data for \(Printable.name(name))")
  }

  /// A loss: the difference turned round, or the end of its interval that is the greater loss.
  static func drop(_ delta: Estimate, usesInterval: Bool) -> Limit.Measured {
    guard usesInterval else { return .value(-delta.value) }
    return delta.low.map { .value(-$0) } ?? .noInterval
  }
}

extension Report {
  /// A figure of the compiled model's memory.
  ///
  /// - Parameter whole: what is never 0 in a report that has the figure
  func memory(
    _ figure: (PlanMemory) -> Int, of whole: (PlanMemory) -> Int
  ) -> Limit.Measured {
    whole(compiled.memory) > 0 ? .value(Double(figure(compiled.memory))) : .missing("the report does not have it")
  }

  /// A measure of the compiled model against labels.
  func labelled(_ measure: (ModelAccuracy) -> Double?) -> Limit.Measured {
    guard let compiled = accuracy?.compiled else { return .notLabelled(self) }
    return measure(compiled).map { .value($0) } ?? .undefined
  }

  /// The level of the outputs' noise. Equal outputs have no noise and so no level.
  var outputLevel: Limit.Measured {
    guard let accuracy else { return .notCompared }
    guard accuracy.cosine != nil || accuracy.outputSQNR != nil || accuracy.maximumRelativeError != nil else {
      return .alone
    }
    let level = accuracy.outputSQNR ?? (accuracy.maximumRelativeError == 0 ? .infinity : nil)
    return level.map { .value($0) } ?? .undefined
  }

  /// The lowest level of the layers that were measured, and whose it is.
  var worstLayerLevel: Limit.Measured {
    guard let worst = worstLayer, let level = worst.outputSQNR else { return .noLayerLevels }
    return .value(level, subject: worst.name)
  }

  /// How many layers are noisier than a level.
  func layers(below level: Double) -> Limit.Measured {
    guard layers.contains(where: { $0.outputSQNR != nil }) else { return .noLayerLevels }
    return .value(Double(layers.count { ($0.outputSQNR ?? .infinity) < level }))
  }

  /// What the compiled model's calibration error is more than the float model's.
  var eceRise: Limit.Measured {
    guard let accuracy, let compiled = accuracy.compiled else { return .notLabelled(self) }
    guard let float = accuracy.float else { return .alone }
    guard let before = float.ece, let after = compiled.ece else { return .undefined }
    return .value(after - before)
  }

  func drop(_ measure: (AccuracyEstimates) -> Estimate?, usesIntervals: Bool) -> Limit.Measured {
    guard let deltas = accuracy?.deltas else { return .notLabelled(self) }
    return measure(deltas).map { .drop($0, usesInterval: usesIntervals) } ?? .undefined
  }

  /// The largest loss of recall of any class that has samples.
  func worstRecallDrop(usesIntervals: Bool) -> Limit.Measured {
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

  /// A figure of how sure the compiled model is.
  func certainty(_ measure: CertaintyMeasure) -> Limit.Measured {
    guard let uncertainty else { return .notFitted }
    guard let measured = uncertainty.measured else { return .notLabelled(self) }
    return measured.compiled.figures[measure].map { .value($0.value) } ?? .undefined
  }

  /// The share of a class's images whose prediction set holds it.
  func coverage(ofClass name: String) -> Limit.Measured {
    guard let uncertainty else { return .notFitted }
    guard let measured = uncertainty.measured, let index = uncertainty.classes.firstIndex(of: name),
      measured.compiled.classes.indices.contains(index)
    else { return .notLabelled(self) }
    return measured.compiled.classes[index].coverage.map { .value($0.value) } ?? .noSamples(name)
  }

  /// How alike the maps of both models are, or the worse end of that figure's interval.
  ///
  /// - Parameters:
  ///   - name: of a class whose images count; nil for all
  ///   - direction: of a limit that the interval is to keep; nil for the figure itself
  func looks(
    _ measure: MapFidelity.Measure, ofClass name: String? = nil, _ direction: Limit.Direction?
  ) -> Limit.Measured {
    guard let explanations else { return .notExplained }
    let measures = name.map { explanations.measures(ofClass: $0) } ?? explanations.all
    guard let estimate = measures?.means[measure] else { return name.map { .noSamples($0) } ?? .undefined }
    guard let direction else { return .value(estimate.value) }
    return (direction == .atLeast ? estimate.low : estimate.high).map { .value($0) } ?? .noInterval
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
  func binary(_ measure: BinaryMeasure) -> Limit.Measured {
    let isArea = measure == .rocAUC || measure == .averagePrecision
    guard let report = accuracy?.binary ?? (isArea ? accuracy?.multilabel?.macro : nil) else { return notBinary }
    return report.compiled.values[measure].map { .value($0) } ?? .undefined
  }

  func binaryDrop(_ measure: BinaryMeasure, usesIntervals: Bool) -> Limit.Measured {
    guard let report = accuracy?.binary else { return notBinary }
    guard report.float != nil else { return .alone }
    return report.deltas[measure].map { .drop($0, usesInterval: usesIntervals) } ?? .undefined
  }

  /// The largest loss of any figure of any subgroup.
  func worstSubgroupDrop(usesIntervals: Bool) -> Limit.Measured {
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

  func agreement(usesIntervals: Bool) -> Limit.Measured {
    guard let accuracy else { return .notCompared }
    guard let agreement = accuracy.agreement else { return accuracy.hasDecisions ? .alone : .noClasses }
    guard usesIntervals else { return .value(agreement.value) }
    return agreement.low.map { .value($0) } ?? .noInterval
  }
}

extension AccuracyReport {
  /// Whether the models decide for something, and not only put out numbers.
  var hasDecisions: Bool { agreement != nil || compiled != nil || multilabel != nil }

  /// What is told of areas below curves: of a positive class, or as means over labels.
  var areas: BinaryComparison? { binary ?? multilabel?.macro }

  func delta(of name: String) -> ClassEstimates? { deltas?.perClass.first { $0.name == name } }
}

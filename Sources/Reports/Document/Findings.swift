import Metrics
import Texts

/// What a report says in whole sentences.
enum Findings {
  static func sentences(_ report: Report) -> [String] {
    [size(report)].compactMap { $0 } + (report.accuracy.map(sentences) ?? [notCompared])
  }

  private static let notCompared = "Its answers were not compared with the float model's: there were no data to do so."

  private static func size(_ report: Report) -> String? {
    guard let bundle = report.bundle else { return nil }
    let (before, after) = (report.source.bytes, bundle.bytes)
    let sizes = "\(Figures.bytes(before)) became \(Figures.bytes(after))"
    return after <= before
      ? "The compiled model is \(Figures.factor(before, after)) smaller: \(sizes)."
      : "The compiled model is larger than its source: \(sizes)."
  }

  private static func sentences(_ accuracy: AccuracyReport) -> [String] {
    var result: [String] = []
    if let binary = accuracy.binary {
      result = positive(binary, accuracy) + agreement(accuracy)
    } else if let labels = accuracy.multilabel {
      result = agreement(accuracy) + (accuracy.data == .labelled ? all(labels) + losses(accuracy) : [])
    } else {
      result = agreement(accuracy) + (accuracy.data == .labelled ? right(accuracy) + losses(accuracy) : [])
    }
    guard accuracy.data == .labelled else {
      result.append("Without labelled data nothing is known about which answers are right; --eval gives that.")
      return result
    }
    return result + subgroup(accuracy)
  }

  private static func agreement(_ accuracy: AccuracyReport) -> [String] {
    guard let agreement = accuracy.agreement else { return [] }
    let noun = accuracy.data == .labelled ? "image" : accuracy.data.noun
    let same = Figures.part(agreement.value, of: accuracy.samples)
    let answer =
      switch accuracy.task ?? .multiclass {
      case .binary: "it decides like the float model."
      case .multilabel: "it gives the same labels as the float model, every one."
      case .multiclass, .none: "it gives the same first answer as the float model."
      }
    return [
      "For \(Figures.grouped(same)) of \(Figures.count(accuracy.samples, noun)) (\(Figures.percent(agreement.value))) "
        + answer
    ]
  }

  // MARK: One of several classes

  private static func right(_ accuracy: AccuracyReport) -> [String] {
    guard let before = accuracy.float?.top1, let after = accuracy.compiled?.top1 else { return [] }
    if accuracy.deltas?.top1?.value == 0 {
      return ["It is right for \(Figures.percent(after)) of them, like the float model."]
    }
    return [
      "It is right for \(Figures.percent(after)) of them, the float model for \(Figures.percent(before))"
        + explained(accuracy.deltas?.top1)
    ]
  }

  /// The class, or label, that lost most, and others that lost more than chance explains.
  private static func losses(_ accuracy: AccuracyReport) -> [String] {
    var result: [String] = []
    let isMultiLabel = accuracy.multilabel != nil
    let recall = isMultiLabel ? "sensitivity" : "recall"
    if let worst = accuracy.worstRecall {
      let name = Printable.name(worst.delta.name)
      result.append(
        "The \(isMultiLabel ? "label" : "class") that lost most is \(name)"
          + (counts(worst.before, worst.after, isMultiLabel ? "found" : "recognised") ?? "")
          + (worst.delta.recall.map { ": \(recall) \(Figures.points($0)), \(verdict($0))" } ?? "") + ".")
    } else if accuracy.deltas?.perClass.contains(where: { $0.recall != nil }) == true {
      result.append("No \(isMultiLabel ? "label lost sensitivity" : "class lost recall").")
    }
    let others = accuracy.provenLosses.filter { $0.name != accuracy.worstRecall?.delta.name }
    if !others.isEmpty {
      let list = others.map { "\(Printable.name($0.name)) \(Figures.points($0.recall))" }.joined(separator: ", ")
      result.append(
        "Of the other \(isMultiLabel ? "labels" : "classes") these lost more \(recall) than chance explains: \(list).")
    }
    return result
  }

  private static func counts(_ before: ClassAccuracy?, _ after: ClassAccuracy?, _ verb: String) -> String? {
    guard let before, let first = before.recall, let second = after?.recall else { return nil }
    func recognised(_ recall: Double) -> String { Figures.grouped(Figures.part(recall, of: before.support)) }
    return ", of whose \(Figures.count(before.support, "image")) \(recognised(second)) are \(verb) instead of "
      + recognised(first)
  }

  // MARK: A finding

  /// What a model that looks for one finding misses, then what it raises a false alarm for.
  private static func positive(_ report: BinaryComparison, _ accuracy: AccuracyReport) -> [String] {
    guard let after = report.compiled.counts else { return [] }
    let name = Printable.name(accuracy.positive ?? "the finding", limit: 40)
    var result: [String] = []
    let positives = after.truePositives + after.falseNegatives
    let negatives = after.trueNegatives + after.falsePositives
    if positives > 0 {
      result.append(
        "Of \(Figures.count(positives, "image")) with \(name) it finds \(Figures.grouped(after.truePositives))"
          + compared(
            after.truePositives, report.float?.counts?.truePositives, "", .sensitivity, report.deltas[.sensitivity]))
    }
    if negatives > 0 {
      result.append(
        "Of \(Figures.count(negatives, "image")) without it, it raises a false alarm for "
          + Figures.grouped(after.falsePositives)
          + compared(
            after.falsePositives, report.float?.counts?.falsePositives, "for ", .specificity,
            report.deltas[.specificity]))
    }
    if let threshold = accuracy.thresholds.first {
      let level = "\(name) is called from a probability of \(AnswersText.threshold(threshold)) on"
      result.append(
        accuracy.thresholdChoice.map {
          "Here \(level); this threshold was chosen on these very images (\(Printable.name($0))), "
            + "so expect less on others."
        } ?? "Here \(level).")
    }
    return result
  }

  /// A count beside the float model's: `, the float model 29.`
  private static func compared(
    _ after: Int, _ before: Int?, _ preposition: String, _ measure: BinaryMeasure, _ delta: Estimate?
  ) -> String {
    guard let before else { return "." }
    let float = ", the float model \(preposition)\(Figures.grouped(before))"
    return before == after ? float + "." : float + explained(delta, AnswersText.name(measure) + " ")
  }

  // MARK: Labels

  private static func all(_ labels: MultiLabelComparison) -> [String] {
    guard let micro = labels.micro, let after = micro.compiled.counts else { return [] }
    let present = after.truePositives + after.falseNegatives
    guard present > 0 else { return [] }
    return [
      "Of \(Figures.count(present, "label")) that apply it finds \(Figures.grouped(after.truePositives))"
        + compared(
          after.truePositives, micro.float?.counts?.truePositives, "", .sensitivity, micro.deltas[.sensitivity])
    ]
  }

  // MARK: Subgroups

  private static func subgroup(_ accuracy: AccuracyReport) -> [String] {
    guard let (subgroup, figure) = accuracy.worstSubgroup else { return [] }
    return [
      "Of the subgroups \(Printable.name(subgroup.name, limit: 60)) lost most, "
        + "\(Figures.count(subgroup.samples, "image")): \(AnswersText.name(figure.measure)) "
        + "\(Figures.percent(figure.float)) became \(Figures.percent(figure.compiled))" + explained(figure.delta)
    ]
  }

  // MARK: Chance

  /// A change and whether chance explains it, to the end of the sentence.
  private static func explained(_ delta: Estimate?, _ measure: String = "") -> String {
    delta.map { ": \(measure)\(Figures.points($0)), \(verdict($0))." } ?? "."
  }

  /// Whether a change can be told from chance.
  private static func verdict(_ delta: Estimate) -> String {
    guard let low = delta.low, let high = delta.high else { return "its interval is not known" }
    return low <= 0 && high >= 0 ? "which may be chance" : "more than chance explains"
  }

  /// The tone of a change: a loss or gain only where chance does not explain it.
  static func tone(_ delta: Estimate?) -> Document.Tone {
    guard let delta, let low = delta.low, let high = delta.high else { return .neutral }
    return high < 0 ? .loss : low > 0 ? .gain : .neutral
  }
}

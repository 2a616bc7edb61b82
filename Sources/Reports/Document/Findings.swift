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
    let noun = accuracy.data == .labelled ? "image" : accuracy.data.noun
    var result: [String] = []
    if let agreement = accuracy.agreement {
      let same = Figures.part(agreement.value, of: accuracy.samples)
      result.append(
        "For \(Figures.grouped(same)) of \(Figures.count(accuracy.samples, noun)) "
          + "(\(Figures.percent(agreement.value))) it gives the same first answer as the float model.")
    }
    guard accuracy.data == .labelled else {
      result.append("Without labelled data nothing is known about which answers are right; --eval gives that.")
      return result
    }
    if let before = accuracy.float?.top1, let after = accuracy.compiled?.top1 {
      if accuracy.deltas?.top1?.value == 0 {
        result.append("It is right for \(Figures.percent(after)) of them, like the float model.")
      } else {
        result.append(
          "It is right for \(Figures.percent(after)) of them, the float model for \(Figures.percent(before))"
            + (accuracy.deltas?.top1).map { ": \(Figures.points($0)), \(verdict($0))." }.orEmpty("."))
      }
    }
    if let worst = accuracy.worstRecall {
      let name = Printable.name(worst.delta.name)
      result.append(
        "The class that lost most is \(name)"
          + counts(worst.before, worst.after).orEmpty("")
          + (worst.delta.recall.map { ": recall \(Figures.points($0)), \(verdict($0))" }).orEmpty("") + ".")
    } else if accuracy.deltas?.perClass.contains(where: { $0.recall != nil }) == true {
      result.append("No class lost recall.")
    }
    let others = accuracy.provenLosses.filter { $0.name != accuracy.worstRecall?.delta.name }
    if !others.isEmpty {
      let list = others.map { "\(Printable.name($0.name)) \(Figures.points($0.recall))" }.joined(separator: ", ")
      result.append("Of the other classes these lost more recall than chance explains: \(list).")
    }
    return result
  }

  /// Whether a change can be told from chance.
  private static func verdict(_ delta: Estimate) -> String {
    guard let low = delta.low, let high = delta.high else { return "its interval is not known" }
    return low <= 0 && high >= 0 ? "which may be chance" : "more than chance explains"
  }

  private static func counts(_ before: ClassAccuracy?, _ after: ClassAccuracy?) -> String? {
    guard let before, let first = before.recall, let second = after?.recall else { return nil }
    func recognised(_ recall: Double) -> String { Figures.grouped(Figures.part(recall, of: before.support)) }
    return ", of whose \(Figures.count(before.support, "image")) \(recognised(second)) are recognised instead of "
      + recognised(first)
  }

  /// The tone of a change: a loss or gain only where chance does not explain it.
  static func tone(_ delta: Estimate?) -> Document.Tone {
    guard let delta, let low = delta.low, let high = delta.high else { return .neutral }
    return high < 0 ? .loss : low > 0 ? .gain : .neutral
  }
}

extension Optional where Wrapped == String {
  fileprivate func orEmpty(_ other: String) -> String { self ?? other }
}

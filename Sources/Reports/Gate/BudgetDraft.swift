package import CanonicalJSON
import Metrics
import Runtime

/// A first budget, to be edited: limits that a report keeps, with the room that its own intervals give.
package enum BudgetDraft {
  package static func make(_ report: Report) -> JSON {
    var members = JSONObject()
    members["// what this is"] = .string(
      "A budget for dermc gate, made from the report of \(report.bundle?.file ?? report.source.file). Names that begin "
        + "with // are comments. Tighten what matters to you, remove what does not.")
    addSizes(report, &members)
    if let accuracy = report.accuracy { addAnswers(accuracy, &members) }
    addCertainty(report, &members)
    if let explanations = report.explanations { addLooks(explanations, &members) }
    addChanges(report, &members)
    return .object(members)
  }

  private static func addSizes(_ report: Report, _ members: inout JSONObject) {
    members["// size and work"] = "5 % more than now; memory is that of the machine that compiled, so 20 %."
    if let bundle = report.bundle { members["max_bundle_bytes"] = above(bundle.bytes, 0.05) }
    members["max_macs"] = above(report.compiled.macs, 0.05)
    if report.compiled.memory.memoryBytes > 0 {
      members["max_memory_bytes"] = above(report.compiled.memory.memoryBytes, 0.2)
    }
    guard !report.layers.isEmpty else { return }
    members["// layers"] = "As many in float as now; the noisiest may get 3 dB noisier."
    members["max_float_layers"] = .int(report.layers.count { $0.isFloat })
    if case .value(let level, _) = report.worstLayerLevel, level.isFinite {
      members["min_layer_sqnr_db"] = .double(down(level - 3, 10))
    }
  }

  private static func addAnswers(_ accuracy: AccuracyReport, _ members: inout JSONObject) {
    if let agreement = accuracy.agreement {
      members["// agreement"] = "The lower end of its 95 % interval."
      members["min_agreement"] = least(agreement.value, agreement.low)
    }
    guard let compiled = accuracy.compiled else { return }
    let images = Figures.count(accuracy.samples, "image")
    members["// accuracy"] = .string(
      "The lower ends of 95 % intervals on \(images): what chance alone may take. More images allow tighter limits.")
    if let top1 = compiled.top1 { members["min_top1"] = least(top1, of: accuracy.samples) }
    if let figures = accuracy.binary {
      for (key, measure) in [("min_sensitivity", BinaryMeasure.sensitivity), ("min_specificity", .specificity)] {
        guard let value = figures.compiled.values[measure] else { continue }
        members[key] = least(value, figures.intervals[measure]?.low)
      }
    }
    if let ece = compiled.ece { members["max_ece"] = .double(up(max(0, min(1, ece + 0.02)))) }
    var recalls = JSONObject()
    for figures in compiled.perClass {
      if let recall = figures.recall { recalls[figures.name] = least(recall, of: figures.support) }
    }
    if !recalls.isEmpty { members["min_recall"] = .object(recalls) }
    guard let deltas = accuracy.deltas else { return }
    members["// losses"] = "What compiling may cost: the worse ends of the intervals of what it cost now."
    if let drop = deltas.top1.flatMap(worst) { members["max_top1_drop"] = drop }
    var drops = JSONObject()
    for figures in deltas.perClass { drops[figures.name] = figures.recall.flatMap(worst) }
    if !drops.isEmpty { members["max_recall_drop_per_class"] = .object(drops) }
  }

  private static func addLooks(_ report: ExplanationFidelity, _ members: inout JSONObject) {
    members["// where it looks"] = .string(
      "The worse ends of the 95 % intervals on \(Figures.count(report.all.images, "image")).")
    if let value = report.all.means[.correlation] {
      members["min_explanation_correlation"] = .double(down(max(-1, value.low ?? value.value)))
    }
    if let value = report.all.means[.overlap] {
      members["min_explanation_overlap"] = least(value.value, value.low)
    }
    if let value = report.all.means[.shift] {
      members["max_explanation_shift"] = .double(up(min(1, value.high ?? value.value)))
    }
  }

  /// Limits on changes are left out by a comment's name, so that the report keeps its budget without a baseline.
  private static func addChanges(_ report: Report, _ members: inout JSONObject) {
    members["// baseline"] = .string(
      "How much worse than an earlier build: sizes and times by a share, fractions by points. Only losses count that "
        + "chance does not explain. With dermc gate --baseline OLD.report.json, take the slashes off the next name.")
    var changes: JSONObject = ["max_bundle_bytes": 0.02]
    if let compiled = report.accuracy?.compiled {
      if compiled.top1 != nil { changes["min_top1"] = 0.01 }
      var recalls = JSONObject()
      for figures in compiled.perClass where figures.recall != nil { recalls[figures.name] = 0.02 }
      if !recalls.isEmpty { changes["min_recall"] = .object(recalls) }
    }
    addCertaintyChanges(report, &changes)
    members["// \(Budget.changesKey)"] = .object(changes)
  }

  // MARK: Numbers

  /// A share more, with two digits that count.
  private static func above(_ count: Int, _ share: Double) -> JSON {
    let value = Double(count) * (1 + share)
    var step = 1.0
    while value / step >= 1000 { step *= 10 }
    let rounded = (value / step).rounded(.up) * step
    return rounded < 9e15 ? .int(Int(rounded)) : .double(rounded)
  }

  /// The lower end of Wilson's interval of a share.
  private static func least(_ share: Double, of count: Int) -> JSON {
    guard (0...1).contains(share), count > 0 else { return 0 }
    return least(share, Estimate(share: Int((share * Double(count)).rounded()), of: count).low)
  }

  /// The lower end of an interval, where there is one.
  static func least(_ value: Double, _ low: Double?) -> JSON {
    .double(down(max(0, min(1, value, low ?? value))))
  }

  /// The greater loss of an interval.
  private static func worst(_ delta: Estimate) -> JSON? {
    .double(up(min(1, max(0, -(delta.low ?? delta.value), -delta.value))))
  }

  private static func down(_ value: Double, _ parts: Double = 1000) -> Double { (value * parts).rounded(.down) / parts }
  static func up(_ value: Double) -> Double { (value * 1000).rounded(.up) / 1000 }
}

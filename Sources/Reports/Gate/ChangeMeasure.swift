import Metrics

/// How figures of a report differ from those of a baseline, and whether chance may explain it.
///
/// Where both reports tell of each image, by all draws of the same images: an exact test of shares, paired bootstrap
/// intervals of all else. Else from the reports' intervals of what each build differs by from one float model, or from
/// Wilson's intervals of shares, as independent (Newcombe, "Interval Estimation for the Difference Between Independent
/// Proportions", 1998; Zou and Donner, "Construction of Confidence Limits about Effect Measures", 2008): both are wider
/// than need be for builds that answer alike.
struct ChangeMeasure {
  enum Found {
    /// The figure and its change.
    case change(Double, Gate.Change)
    case missing(String)
  }

  private let baseline: Baseline
  private let report: Report
  private let times: GateTimes?

  /// Chances below this are none.
  private static let significance = 0.05
  /// Sums of many fractions, in another order.
  private static let tolerance = 1e-6

  init(_ baseline: Baseline, _ report: Report, _ times: GateTimes?) {
    self.baseline = baseline
    self.report = report
    self.times = times
  }

  func changes(_ entries: [Budget.Entry]) -> [Found] {
    let drawn = entries.filter { $0.limit.basis == .answers }
    let intervals = intervals(drawn)
    var next = 0
    return entries.map { entry in
      let isDrawn = entry.limit.basis == .answers
      defer { if isDrawn { next += 1 } }
      return change(entry, isDrawn && next < intervals.count ? intervals[next] : nil)
    }
  }

  /// Intervals of losses over draws of the images both reports tell of; empty where they do not.
  private func intervals(_ entries: [Budget.Entry]) -> [Estimate?] {
    guard let images = baseline.images, !entries.isEmpty else { return [] }
    let isCertain = entries.contains { $0.limit.certain != nil }
    return Bootstrap().intervals(samples: images.count, groups: images.groups) { weights in
      let before = images.baseline.report(weights: weights, tellsCertainty: isCertain)
      let after = images.current.report(weights: weights, tellsCertainty: isCertain)
      return entries.map { entry in
        guard case .value(let old, _) = Gate.measured(entry, before, nil, usesIntervals: false),
          case .value(let new, _) = Gate.measured(entry, after, nil, usesIntervals: false)
        else { return nil }
        return ChangeMeasure.loss(entry.limit, old, new)
      }
    }
  }

  /// - Parameter drawn: the interval over draws of images, where there is one
  private func change(_ entry: Budget.Entry, _ drawn: Estimate?) -> Found {
    let old: Double
    let new: Double
    switch (
      Gate.measured(entry, baseline.report, times?.baseline, usesIntervals: false),
      Gate.measured(entry, report, times?.current, usesIntervals: false)
    ) {
    case (_, .missing(let reason)): return .missing(reason)
    case (.missing(let reason), _): return .missing("of the baseline \(reason)")
    case (.value(let before, _), .value(let after, _)): (old, new) = (before, after)
    }
    let value = ChangeMeasure.loss(entry.limit, old, new)
    func found(_ loss: Estimate, _ method: String, p: Double? = nil, mayBeChance: Bool?) -> Found {
      .change(new, Gate.Change(baseline: old, loss: loss, p: p, method: method, mayBeChance: mayBeChance))
    }
    switch entry.limit.basis {
    case .model: return found(Estimate(value), "exact", mayBeChance: false)
    case .outputs:
      guard let before = entry.limit.estimate?(baseline.report, entry.name ?? ""),
        let after = entry.limit.estimate?(report, entry.name ?? ""),
        let loss =
          entry.limit.direction == .atLeast
          ? ChangeMeasure.loss(value, before, after) : ChangeMeasure.loss(value, after, before)
      else { return found(Estimate(value), "as measured", mayBeChance: nil) }
      return found(
        loss, "from both reports' intervals", mayBeChance: (loss.low ?? 0) <= 0 && (loss.high ?? 0) >= 0)
    case .time:
      guard let times, let ratio = times.ratio else { return .missing("the baseline was not timed") }
      guard let low = ratio.low, let high = ratio.high else {
        let turns = Figures.count(times.turns, "turn")
        return found(Estimate(ratio.value - 1), "as measured: \(turns) are too few for an interval", mayBeChance: nil)
      }
      let loss = Estimate(ratio.value - 1, low: low - 1, high: high - 1)
      return found(loss, "\(Figures.count(times.turns, "turn")) in pairs", mayBeChance: low <= 1 && high >= 1)
    case .answers: break
    }
    if let images = baseline.images {
      if let drawn, abs(drawn.value - value) > ChangeMeasure.tolerance {
        return .missing("what the reports say of each image gives another figure than they have")
      }
      let test = entry.limit.counted.flatMap { images.test($0, class: entry.name) }
      // Resampling images that all agree tells nothing: the rule of three does.
      let interval = drawn.map { drawn in
        test.map { drawn.widened(samples: $0.units) } ?? drawn
      }
      guard let loss = interval, let low = loss.low else {
        if let (loss, method) = certain(entry, value) {
          return found(loss, method, mayBeChance: (loss.low ?? 0) <= 0 && (loss.high ?? 0) >= 0)
        }
        return found(Estimate(value), "as measured: no draw of the images has it", mayBeChance: nil)
      }
      return found(
        loss, test?.text ?? "paired bootstrap over \(images.unitsText)", p: test?.p,
        mayBeChance: test.map { $0.p >= ChangeMeasure.significance } ?? (low <= 0 && (loss.high ?? 0) >= 0))
    }
    guard let (loss, method) = independent(entry, value) else {
      return found(Estimate(value), "as measured: reports have no interval of it", mayBeChance: nil)
    }
    return found(loss, method, mayBeChance: (loss.low ?? 0) <= 0 && (loss.high ?? 0) >= 0)
  }

  /// The interval of a loss from intervals of both reports, as if they were of different images.
  private func independent(_ entry: Budget.Entry, _ value: Double) -> (Estimate, String)? {
    if entry.limit.certain != nil { return certain(entry, value) }
    guard let before = baseline.report.accuracy, let after = report.accuracy else { return nil }
    let name = entry.name ?? ""
    let isSameFloat = baseline.report.source.sha256 == report.source.sha256 && !report.source.sha256.isEmpty
    if isSameFloat || entry.limit.counted == .agreeing, let old = entry.limit.difference?(before, name),
      let new = entry.limit.difference?(after, name), let loss = ChangeMeasure.loss(value, old, new)
    {
      return (loss, "from both reports' intervals")
    }
    // Images that belong together are fewer than they are.
    guard before.groups == nil, after.groups == nil, let counted = entry.limit.counted,
      let old = before.share(counted, entry.name), let new = after.share(counted, entry.name),
      let loss = ChangeMeasure.loss(value, old, new)
    else { return nil }
    return (loss, "from shares, as if of different images")
  }

  /// The same of how sure answers are.
  private func certain(_ entry: Budget.Entry, _ value: Double) -> (Estimate, String)? {
    guard let tell = entry.limit.certain, let old = baseline.report.uncertainty, let new = report.uncertainty
    else { return nil }
    let (before, after) = (tell(old, entry.name ?? ""), tell(new, entry.name ?? ""))
    func loss(_ old: Estimate?, _ new: Estimate?) -> Estimate? {
      guard let old, let new else { return nil }
      return entry.limit.direction == .atLeast
        ? ChangeMeasure.loss(value, old, new) : ChangeMeasure.loss(value, new, old)
    }
    // What is fitted of the float model tells of its weights and of the samples fitted on.
    let isSameFloat =
      baseline.report.source.sha256 == report.source.sha256 && !report.source.sha256.isEmpty
      && old.floatFitted == new.floatFitted
    if isSameFloat, let loss = loss(before.difference, after.difference) {
      return (loss, "from both reports' intervals")
    }
    return loss(before.own, after.own).map { ($0, "from both reports' intervals, as if of different images") }
  }

  /// The interval of old - new, around `value`.
  private static func loss(_ value: Double, _ old: Estimate, _ new: Estimate) -> Estimate? {
    guard let oldLow = old.low, let oldHigh = old.high, let newLow = new.low, let newHigh = new.high else { return nil }
    func norm(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
    return Estimate(
      value, low: value - norm(old.value - oldLow, newHigh - new.value),
      high: value + norm(oldHigh - old.value, new.value - newLow))
  }

  /// How much worse a figure is: a share of what it was of sizes and times, else a difference.
  static func loss(_ limit: Limit, _ old: Double, _ new: Double) -> Double {
    if old == new { return 0 }
    let loss = limit.direction == .atMost ? new - old : old - new
    guard limit.unit.isRelative else { return loss }
    return old == 0 ? loss * .infinity : loss / abs(old)
  }
}

extension AccuracyReport {
  /// A share of the images, with Wilson's interval.
  ///
  /// - Parameter name: of the class; nil for the positive one
  fileprivate func share(_ counted: Counted, _ name: String?) -> Estimate? {
    func share(_ fraction: Double?, of count: Int) -> Estimate? {
      guard let fraction, (0...1).contains(fraction), count > 0 else { return nil }
      return Estimate(share: Int((fraction * Double(count)).rounded()), of: count)
    }
    if case .right = counted { return share(compiled?.top1, of: samples) }
    guard let name = name ?? positive, let figures = compiled?.perClass.first(where: { $0.name == name })
    else { return nil }
    return switch counted {
    case .right, .agreeing, .covered, .answered: nil
    case .found: share(figures.recall, of: figures.support)
    case .spared: share(figures.specificity, of: samples - figures.support)
    }
  }
}

package import Metrics
import Texts

/// A report held against a budget, and against the report of an earlier build where there is one.
package struct Gate: Sendable {
  /// One limit, checked.
  package struct Check: Sendable, Equatable {
    /// The limit's key, with the class where there is one for each: `min_recall.mel`; of changes after
    /// `against_baseline.`.
    package let name: String
    package let passes: Bool
    /// What was measured, or why it was not.
    package let measured: String
    package let budget: String

    /// The limit's key alone.
    let key: String
    /// The class, or the level in dB, as the budget names it.
    let subject: String?
    /// The figure; nil where it is not known.
    let value: Double?
    let unit: Limit.Unit
    /// What the budget allows.
    let limit: Double
    /// The line of the budget.
    let place: Int
    /// Whether it is on how figures differ from a baseline's.
    let isChange: Bool
    /// Of limits on changes.
    var change: Change?

    /// The check as a line: `ok    max_macs: 299,529,216, budget 310,000,000`.
    package var line: String { "\(passes ? "ok  " : "FAIL")  \(text)" }
    /// The same without the verdict.
    var text: String { "\(name): \(measured), budget \(budget)" }
  }

  /// How a figure differs from the baseline's.
  struct Change: Sendable, Equatable {
    let baseline: Double
    /// How much worse the figure became, as budgets count it, with its interval where one is known.
    let loss: Estimate
    /// Of an exact test that nothing changed; nil where there was none.
    var p: Double?
    /// How chance was told from change, in words.
    let method: String
    /// Whether chance may explain it; nil where nothing tells.
    var mayBeChance: Bool?
  }

  package let checks: [Check]

  package init(_ report: Report, _ budget: Budget) { self.init(report, budget, against: nil, times: nil) }

  /// - Parameters:
  ///   - baseline: an earlier report that matches
  ///   - times: what was measured of the two models' bundles
  package init(_ report: Report, _ budget: Budget, against baseline: Baseline?, times: GateTimes?) {
    let own = budget.entries.map { entry in
      Gate.check(entry, Gate.measured(entry, report, times?.current, usesIntervals: budget.usesIntervals))
    }
    let comparison = baseline.map { ChangeMeasure($0, report, times) }
    checks = own + Gate.check(budget, comparison)
  }

  package var passes: Bool { checks.allSatisfy(\.passes) }
  var failures: [Check] { checks.filter { !$0.passes } }

  /// A line for each check and one that sums up; a line feed at the end.
  package var text: String { (checks.map(\.line) + [verdict]).joined(separator: "\n") + "\n" }

  /// `16 limits kept`, `5 of 6 limits broken`.
  var verdict: String {
    let all = Figures.count(checks.count, "limit")
    return failures.isEmpty ? "\(all) kept" : "\(Figures.grouped(failures.count)) of \(all) broken"
  }

  /// Budgets are decimal fractions, measures are quotients: 0.8 - 0.78 is not more than 0.02.
  private static let slack = 1e-9

  private static func check(_ entry: Budget.Entry, _ measured: Limit.Measured) -> Check {
    let limit = entry.limit
    switch measured {
    case .missing(let reason): return missing(entry, entry.title, reason, budget: limit.text(entry.value))
    case .value(let value, let subject):
      let passes = limit.direction == .atMost ? value <= entry.value + slack : value >= entry.value - slack
      let owner = subject.isEmpty ? "" : " (\(Printable.name(subject)))"
      return Check(
        name: entry.title, passes: passes, measured: limit.text(value) + owner, budget: limit.text(entry.value),
        key: limit.key, subject: entry.name, value: value, unit: limit.unit, limit: entry.value, place: entry.line,
        isChange: false)
    }
  }

  private static func missing(_ entry: Budget.Entry, _ name: String, _ reason: String, budget: String) -> Check {
    Check(
      name: name, passes: false, measured: "not known: \(reason)", budget: budget, key: entry.limit.key,
      subject: entry.name, value: nil, unit: entry.limit.unit, limit: entry.value, place: entry.line,
      isChange: name != entry.title)
  }

  /// What a report, or a time, has to say about an entry.
  static func measured(
    _ entry: Budget.Entry, _ report: Report, _ milliseconds: Double?, usesIntervals: Bool
  ) -> Limit.Measured {
    switch entry.limit.figure {
    case .whole(let figure): return figure(report, usesIntervals)
    case .time: return milliseconds.map { .value($0) } ?? .missing("the model was not timed; add --bench")
    case .perLevel(let figure): return figure(report, entry.level ?? 0)
    case .perClass(let figure):
      guard let accuracy = report.accuracy, let compiled = accuracy.compiled else { return .notLabelled(report) }
      let name = entry.name ?? ""
      let known = accuracy.classes.isEmpty ? compiled.perClass.map(\.name) : accuracy.classes
      guard known.contains(name) else {
        let list = known.prefix(20).map { Printable.name($0) } + (known.count > 20 ? ["…"] : [])
        return .missing("there is no class \(Printable.name(name)); the classes are \(list.joined(separator: ", "))")
      }
      return figure(report, name, usesIntervals)
    }
  }

  // MARK: Changes

  private static func check(_ budget: Budget, _ comparison: ChangeMeasure?) -> [Check] {
    guard let comparison else {
      return budget.changes.map { entry in
        missing(
          entry, name(ofChange: entry), "no baseline was given; add --baseline OLD.report.json",
          budget: entry.limit.budgetText(ofChange: entry.value))
      }
    }
    return zip(budget.changes, comparison.changes(budget.changes)).map { entry, found in
      check(entry, found, budget.losses)
    }
  }

  private static func name(ofChange entry: Budget.Entry) -> String { "\(Budget.changesKey).\(entry.title)" }

  private static func check(_ entry: Budget.Entry, _ found: ChangeMeasure.Found, _ losses: Budget.Losses) -> Check {
    let limit = entry.limit
    let budget = limit.budgetText(ofChange: entry.value)
    switch found {
    case .missing(let reason): return missing(entry, name(ofChange: entry), reason, budget: budget)
    case .change(let value, let change):
      let loss = change.loss
      var passes = loss.value <= entry.value + slack
      switch losses {
      case .measured: break
      case .proven: passes = passes || change.mayBeChance == true
      case .possible:
        guard limit.basis == .model || loss.high != nil else {
          return missing(entry, name(ofChange: entry), "the reports have no interval of it", budget: budget)
        }
        passes = (loss.high ?? loss.value) <= entry.value + slack
      }
      var text = "\(limit.text(value)) after \(limit.text(change.baseline)), \(limit.changeText(loss))"
      if limit.basis != .model { text += "; \(change.method)" }
      if loss.value > entry.value + slack, change.mayBeChance == true { text += ": may be chance" }
      var check = Check(
        name: name(ofChange: entry), passes: passes, measured: text, budget: budget, key: limit.key,
        subject: entry.name, value: value, unit: limit.unit, limit: entry.value, place: entry.line, isChange: true)
      check.change = change
      return check
    }
  }
}

/// How long one inference takes, measured in one run of both bundles.
package struct GateTimes: Sendable, Equatable {
  /// Milliseconds at best, as benchmarks are quoted.
  package let current: Double
  package let baseline: Double?
  /// The median of the ratios of turns that followed each other, the baseline's time being 1.
  package let ratio: Estimate?
  /// How many turns each had.
  package let turns: Int

  package init(current: Double, baseline: Double? = nil, ratio: Estimate? = nil, turns: Int) {
    self.current = current
    self.baseline = baseline
    self.ratio = ratio
    self.turns = turns
  }
}

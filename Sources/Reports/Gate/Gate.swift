import Metrics
import Texts

/// A report held against a budget.
package struct Gate: Sendable {
  /// One limit, checked.
  package struct Check: Sendable, Equatable {
    /// The limit's key, with the class where there is one for each: `min_recall.mel`.
    package let name: String
    package let passes: Bool
    /// What was measured, or why it was not.
    package let measured: String
    package let budget: String

    /// The check as a line: `ok    max_macs: 299,529,216, budget 310,000,000`.
    package var line: String { "\(passes ? "ok  " : "FAIL")  \(name): \(measured), budget \(budget)" }
  }

  package let checks: [Check]

  package init(_ report: Report, _ budget: Budget) {
    checks = budget.entries.map { Gate.check($0, report, usesIntervals: budget.usesIntervals) }
  }

  package var passes: Bool { checks.allSatisfy(\.passes) }

  /// A line for each check and one that sums up; a line feed at the end.
  package var text: String {
    let failed = checks.count { !$0.passes }
    let all = Figures.count(checks.count, "limit")
    let verdict = failed == 0 ? "\(all) kept" : "\(Figures.grouped(failed)) of \(all) broken"
    return (checks.map(\.line) + [verdict]).joined(separator: "\n") + "\n"
  }

  /// Budgets are decimal fractions, measures are quotients: 0.8 - 0.78 is not more than 0.02.
  private static let slack = 1e-9

  private static func check(_ entry: Budget.Entry, _ report: Report, usesIntervals: Bool) -> Check {
    let limit = entry.limit
    let name = limit.key + (entry.name.map { "." + Printable.name($0) } ?? "")
    let budget = text(entry.value, limit.unit)
    switch measured(entry, report, usesIntervals: usesIntervals) {
    case .missing(let reason): return Check(name: name, passes: false, measured: "not known: \(reason)", budget: budget)
    case .value(let value, let subject):
      let passes = limit.direction == .atMost ? value <= entry.value + slack : value >= entry.value - slack
      let owner = subject.isEmpty ? "" : " (\(Printable.name(subject)))"
      return Check(name: name, passes: passes, measured: text(value, limit.unit) + owner, budget: budget)
    }
  }

  private static func measured(_ entry: Budget.Entry, _ report: Report, usesIntervals: Bool) -> Limit.Measured {
    switch entry.limit.figure {
    case .whole(let figure): return figure(report, usesIntervals)
    case .perClass(let figure):
      guard let accuracy = report.accuracy, let compiled = accuracy.compiled else { return .notLabelled(report) }
      let name = entry.name ?? ""
      let known = accuracy.classes.isEmpty ? compiled.perClass.map(\.name) : accuracy.classes
      guard known.contains(name) else {
        let list = known.prefix(20).map { Printable.name($0) } + (known.count > 20 ? ["…"] : [])
        return .missing("there is no class \(Printable.name(name)); the classes are \(list.joined(separator: ", "))")
      }
      return figure(accuracy, name, usesIntervals)
    }
  }

  private static func text(_ value: Double, _ unit: Limit.Unit) -> String {
    switch unit {
    case .bytes, .count: abs(value) < 9e15 && value == value.rounded() ? Figures.grouped(Int(value)) : "\(value)"
    case .fraction: Figures.percent(value, 2)
    case .drop: Figures.decimal(100 * value, 2) + " pp"
    case .decibels: value == .infinity ? "equal outputs" : Figures.decimal(value, 2) + " dB"
    }
  }
}

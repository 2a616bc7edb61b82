package import IR

/// What passes did and what they left alone, in the order it happened.
package struct PassLog: Sendable {
  /// How a candidate ended.
  package enum Outcome: String, Sendable, CaseIterable {
    case applied
    /// There was nothing to gain, or the candidate is only worth knowing about.
    case noEffect = "no effect"
    /// Rewriting would have changed what the graph computes, or cost more than it saves.
    case refused
  }

  package struct Entry: Sendable, Equatable {
    package let pass: String
    package let node: String
    package let outcome: Outcome
    /// What was done, or why it was not.
    package let detail: String
  }

  package private(set) var entries: [Entry] = []
  package private(set) var appliedCount = 0
  private var pass = ""
  private var positions: [String: Int] = [:]

  package init() {}

  /// Names the pass that the following entries come from.
  package mutating func enter(_ pass: Pass) { self.pass = pass.name }

  package mutating func applied(_ node: Node, _ detail: String) {
    appliedCount += 1
    record(node.name, .applied, detail)
  }

  package mutating func noEffect(_ node: Node, _ detail: String) { record(node.name, .noEffect, detail) }

  package mutating func refused(_ node: Node, _ reason: String) { record(node.name, .refused, reason) }

  /// A pass that looks at a node again replaces what it said before, unless it had rewritten it.
  private mutating func record(_ node: String, _ outcome: Outcome, _ detail: String) {
    let entry = Entry(pass: pass, node: node, outcome: outcome, detail: detail)
    let key = "\(pass)\u{0}\(node)"
    if let position = positions[key], entries[position].outcome != .applied {
      entries[position] = entry
      return
    }
    if let position = positions[key], outcome != .applied, entries[position].outcome == .applied { return }
    positions[key] = entries.count
    entries.append(entry)
  }

  /// The log of a later pipeline after this one.
  package mutating func append(_ other: PassLog) {
    for entry in other.entries {
      pass = entry.pass
      record(entry.node, entry.outcome, entry.detail)
    }
    appliedCount += other.appliedCount
  }

  // MARK: For reports

  /// One pass's part in a log: how often it did something, and the candidates it left alone.
  package struct Summary: Sendable, Equatable {
    package let pass: String
    package let applied: Int
    package let noEffect: Int
    package let refused: Int
  }

  /// One line for each pass that met a candidate, in the order they first did.
  package var summaries: [Summary] {
    var order: [String] = []
    var counts: [String: [Outcome: Int]] = [:]
    for entry in entries {
      if counts[entry.pass] == nil { order.append(entry.pass) }
      counts[entry.pass, default: [:]][entry.outcome, default: 0] += 1
    }
    return order.map { pass in
      let count = counts[pass] ?? [:]
      return Summary(
        pass: pass, applied: count[.applied] ?? 0, noEffect: count[.noEffect] ?? 0, refused: count[.refused] ?? 0)
    }
  }
}

extension PassLog: CustomStringConvertible {
  /// A line a pass with its counts, then a line for each refusal and each finding.
  ///
  ///     fold-scale-shift: 52 applied, 1 refused
  ///       refused bn_3: padding would be scaled
  package var description: String {
    var lines: [String] = []
    for summary in summaries {
      let counts = [
        (summary.applied, "applied"), (summary.noEffect, "no effect"), (summary.refused, "refused"),
      ]
      let text = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      lines.append("\(summary.pass): \(text)")
      for entry in entries where entry.pass == summary.pass && entry.outcome != .applied {
        lines.append("  \(entry.outcome.rawValue) \(entry.node): \(entry.detail)")
      }
    }
    return lines.joined(separator: "\n")
  }
}

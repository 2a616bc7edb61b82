package import CanonicalJSON
import Texts

/// What a compilation may cost and lose: the limits of a budget file.
package struct Budget: Sendable {
  struct Entry: Sendable {
    let limit: Limit
    /// The class the entry is about; nil for the whole model.
    let name: String?
    let value: Double
  }

  /// In the order of the file.
  private(set) var entries: [Entry] = []
  /// Whether losses count with the worse end of their 95 % interval instead of their value.
  private(set) var usesIntervals = false

  private static let intervalKey = "use_intervals"

  /// Reads a budget: an object of limits, all of which must be known, at least one.
  ///
  /// - Parameter name: what errors call it, such as the file's name
  package init(json: JSON, name: String) throws(JSONError) {
    let node = JSONNode(json, name: name)
    for (key, member) in try node.members() {
      if key == Budget.intervalKey {
        usesIntervals = try member.bool()
        continue
      }
      guard let limit = Limit.all.first(where: { $0.key == key }) else { throw node.error(Budget.unknown(key)) }
      switch limit.figure {
      case .whole: entries.append(Entry(limit: limit, name: nil, value: try Budget.value(member, limit)))
      case .perClass:
        let classes = try member.members()
        guard !classes.isEmpty else { throw member.error("names no class, as in {\"mel\": 0.8}") }
        for (name, node) in classes {
          entries.append(Entry(limit: limit, name: name, value: try Budget.value(node, limit)))
        }
      }
    }
    guard !entries.isEmpty else {
      throw node.error("sets no limit; known are \(Limit.all.map(\.key).joined(separator: ", "))")
    }
  }

  private static func unknown(_ key: String) -> String {
    let known = Limit.all.map(\.key) + [intervalKey]
    let hint = Spelling.nearest(to: key, among: known).map { "did you mean \"\($0)\"?" }
    return "unknown limit \"\(Printable.name(key))\"; \(hint ?? "known are \(known.joined(separator: ", "))")"
  }

  private static func value(_ node: JSONNode, _ limit: Limit) throws(JSONError) -> Double {
    let value = try node.double()
    switch limit.unit {
    case .bytes, .count:
      guard value >= 0 else { throw node.error("\(value) is negative") }
    case .fraction, .drop:
      guard (0...1).contains(value) else {
        throw node.error("\(value) is not a fraction from 0 to 1; 0.02 is 2 %")
      }
    case .decibels: break
    }
    return value
  }
}

package import CanonicalJSON
import Texts

/// What a compilation may cost and lose: the limits of a budget file.
package struct Budget: Sendable {
  struct Entry: Sendable {
    let limit: Limit
    /// The class, or the level in dB, the entry is about; nil for the whole model.
    let name: String?
    /// Of limits of a level.
    var level: Double?
    let value: Double
    /// The line of the file it stands in, from 1 on.
    let line: Int

    /// The limit's key, with the class where there is one for each: `min_recall.mel`.
    var title: String { limit.key + (name.map { "." + Printable.name($0) } ?? "") }
  }

  /// Which losses against a baseline count.
  enum Losses: String, Sendable, CaseIterable {
    /// Those that chance does not explain.
    case proven
    /// All, as they were measured.
    case measured
    /// The largest that the images do not rule out.
    case possible
  }

  /// In the order of the file.
  private(set) var entries: [Entry] = []
  /// How much worse figures may be than those of a baseline, in the order of the file.
  private(set) var changes: [Entry] = []
  /// Whether losses count with the worse end of their 95 % interval instead of their value.
  private(set) var usesIntervals = false
  private(set) var losses = Losses.proven

  static let intervalKey = "use_intervals"
  static let changesKey = "against_baseline"
  static let lossesKey = "losses"

  /// Whether it limits what only a measurement of time tells.
  package var needsTimes: Bool { (entries + changes).contains { $0.limit.basis == .time } }

  /// Whether it limits changes.
  package var needsBaseline: Bool { !changes.isEmpty }

  /// Reads a budget: an object of limits, all of which must be known, at least one. Members whose names begin with `//`
  /// are comments.
  ///
  /// - Parameters:
  ///   - name: what errors call it, such as the file's name
  ///   - text: the file, to tell the lines of limits
  package init(json: JSON, name: String, text: [UInt8] = []) throws(JSONError) {
    let node = JSONNode(json, name: name)
    let lines = JSONLines(text)
    for (key, member) in try node.members() where !Budget.isComment(key) {
      switch key {
      case Budget.intervalKey: usesIntervals = try member.bool()
      case Budget.changesKey: try readChanges(member, lines)
      default:
        entries += try Budget.entries(key, member, of: node, [], lines) { (node, unit) throws(JSONError) in
          try Budget.value(node, unit)
        }
      }
    }
    guard !entries.isEmpty || !changes.isEmpty else {
      throw node.error("sets no limit; known are \(Limit.all.map(\.key).joined(separator: ", "))")
    }
  }

  /// Changes that are told, not limited.
  init(comparing changes: [Entry]) { self.changes = changes }

  private mutating func readChanges(_ node: JSONNode, _ lines: JSONLines) throws(JSONError) {
    for (key, member) in try node.members() where !Budget.isComment(key) {
      if key == Budget.lossesKey {
        losses = try member.choice()
        continue
      }
      changes += try Budget.entries(key, member, of: node, [Budget.changesKey], lines) {
        (node, unit) throws(JSONError) in try Budget.change(node, unit)
      }
    }
  }

  private static func isComment(_ key: String) -> Bool { key.hasPrefix("//") }

  /// The limits of one member: one, or one for each class.
  ///
  /// - Parameter path: of the object it is a member of
  private static func entries(
    _ key: String, _ member: JSONNode, of node: JSONNode, _ path: [String], _ lines: JSONLines,
    _ value: (JSONNode, Limit.Unit) throws(JSONError) -> Double
  ) throws(JSONError) -> [Entry] {
    guard let limit = Limit.all.first(where: { $0.key == key }) else {
      throw node.error(unknown(key, isChange: !path.isEmpty))
    }
    func line(_ more: String...) -> Int { lines.line(of: path + [key] + more) }
    switch limit.figure {
    case .whole, .time: return [Entry(limit: limit, name: nil, value: try value(member, limit.unit), line: line())]
    case .perClass:
      let classes = try member.members()
      guard !classes.isEmpty else { throw member.error("names no class, as in {\"mel\": 0.8}") }
      return try classes.map { (name, node) throws(JSONError) in
        Entry(limit: limit, name: name, value: try value(node, limit.unit), line: line(name))
      }
    case .perLevel:
      let levels = try member.members()
      guard !levels.isEmpty else { throw member.error("names no level in dB, as in {\"20\": 3}") }
      return try levels.map { (name, node) throws(JSONError) in
        guard let level = Double(name), level.isFinite else {
          throw node.error("\"\(Printable.name(name))\" is no level in dB, as in {\"20\": 3}")
        }
        return Entry(limit: limit, name: name, level: level, value: try value(node, limit.unit), line: line(name))
      }
    }
  }

  private static func unknown(_ key: String, isChange: Bool) -> String {
    let known = Limit.all.map(\.key) + (isChange ? [lossesKey] : [intervalKey, changesKey])
    let hint = Spelling.nearest(to: key, among: known).map { "did you mean \"\($0)\"?" }
    return "unknown limit \"\(Printable.name(key))\"; \(hint ?? "known are \(known.joined(separator: ", "))")"
  }

  private static func value(_ node: JSONNode, _ unit: Limit.Unit) throws(JSONError) -> Double {
    let value = try node.double()
    switch unit {
    case .bytes, .count, .layers, .milliseconds, .classes:
      guard value >= 0 else { throw node.error("\(value) is negative") }
    case .fraction, .drop:
      guard (0...1).contains(value) else {
        throw node.error("\(value) is not a fraction from 0 to 1; 0.02 is 2 %")
      }
    case .correlation:
      guard (-1...1).contains(value) else { throw node.error("\(value) is no correlation, from -1 to 1") }
    case .decibels: break
    }
    return value
  }

  /// How much worse a figure may become.
  private static func change(_ node: JSONNode, _ unit: Limit.Unit) throws(JSONError) -> Double {
    let value = try node.double()
    guard value >= 0 else { throw node.error("\(value) is negative; it says how much worse the figure may become") }
    switch unit {
    case .bytes, .count, .milliseconds:
      guard value <= 100 else {
        throw node.error("\(value) is no share of the baseline's figure; 0.02 allows 2 % more")
      }
    case .fraction, .drop:
      guard value <= 1 else { throw node.error("\(value) is not a fraction from 0 to 1; 0.02 allows 2 points less") }
    case .correlation:
      guard value <= 2 else { throw node.error("\(value) is no change of a correlation, which is from -1 to 1") }
    case .layers, .decibels, .classes: break
    }
    return value
  }
}

/// Where members stand in the text of a JSON object that was read without an error.
struct JSONLines {
  private var lines: [[String]: Int] = [:]

  init(_ text: [UInt8]) {
    var (line, index, key) = (1, 0, "")
    var path: [String] = []
    var opened: [Bool] = []
    while index < text.count {
      switch text[index] {
      case 0x0A: line += 1
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        opened.append(text[index] == UInt8(ascii: "{"))
        path.append(key)
        key = ""
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = opened.popLast()
        _ = path.popLast()
      case UInt8(ascii: "\""):
        let start = index + 1
        index = start
        while index < text.count, text[index] != UInt8(ascii: "\"") {
          index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        var next = index + 1
        while next < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[next]) { next += 1 }
        // What stands before a colon is a name.
        if next < text.count, text[next] == UInt8(ascii: ":"), opened.last == true, index <= text.count {
          key = String(decoding: text[start..<index], as: UTF8.self)
          // Budgets are at most three deep; what is deeper is none.
          if path.count <= 3 { lines[Array(path.dropFirst()) + [key]] = line }
        }
      default: break
      }
      index += 1
    }
  }

  /// The line of a member; that of what it is in where its name is written with escapes; 1 where nothing is known.
  func line(of path: [String]) -> Int {
    for length in stride(from: path.count, to: 0, by: -1) {
      if let line = lines[Array(path.prefix(length))] { return line }
    }
    return 1
  }
}

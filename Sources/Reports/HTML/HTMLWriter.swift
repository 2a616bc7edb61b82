/// Writes HTML that is also well-formed XML: every element is closed, every text and attribute escaped.
struct HTMLWriter {
  private(set) var text = ""

  /// An element and what is in it; attributes without a value are left out.
  mutating func element(
    _ tag: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], _ content: (inout HTMLWriter) -> Void
  ) {
    open(tag, attributes)
    text += ">"
    content(&self)
    text += "</\(tag)>"
  }

  /// An element with only text in it.
  mutating func element(
    _ tag: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text content: String
  ) {
    element(tag, attributes) { $0.write(content) }
  }

  /// An element that is always empty, such as `meta`.
  mutating func empty(
    _ tag: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
    _ more: KeyValuePairs<StaticString, String> = [:]
  ) {
    open(tag, attributes)
    write(more)
    text += "/>"
  }

  /// A script or a style, which browsers read as it stands: nothing in it may look like the end of the element.
  mutating func verbatim(
    _ tag: StaticString, _ attributes: KeyValuePairs<StaticString, String>, _ content: String
  ) {
    var previous: UInt8 = 0
    for byte in content.utf8 {
      let isEnd = previous == UInt8(ascii: "<") && (byte == UInt8(ascii: "/") || byte == UInt8(ascii: "!"))
      precondition(!isEnd, "what is to stand in a \(tag) could end it")
      previous = byte
    }
    open(tag, attributes)
    text += ">"
    text += content
    text += "</\(tag)>"
  }

  /// Text, escaped; numbers are not parted from their units at the ends of lines.
  mutating func write(_ content: String) {
    var previous: Character = " "
    var tied = ""
    var rest = Substring(content)
    while let character = rest.popFirst() {
      let isUnit =
        character == " " && previous.isNumber
        && ["%", "pp", "dB", "B", "kB", "MB", "GB"].contains { unit in
          rest.hasPrefix(unit) && rest.dropFirst(unit.count).first?.isLetter != true
        }
      tied.append(isUnit ? "\u{A0}" : character)
      previous = character
    }
    text += HTMLWriter.escaped(tied)
  }

  mutating func lineBreak() { text += "\n" }

  /// Markup written as it is: only what dermc itself holds.
  mutating func markup(_ markup: StaticString) { text += "\(markup)" }

  private mutating func open(_ tag: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
    text += "<\(tag)"
    write(attributes)
  }

  private mutating func write(_ attributes: KeyValuePairs<StaticString, String>) {
    for (name, value) in attributes where !value.isEmpty { text += " \(name)=\"\(HTMLWriter.escaped(value))\"" }
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // XML has no other control characters.
      case "\t", "\n", "\r", "\u{20}"...: result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append("\u{FFFD}")
      }
    }
    return result
  }
}

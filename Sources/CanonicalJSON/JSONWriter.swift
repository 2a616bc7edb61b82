extension JSON {
  /// The canonical form: the same value always gives the same bytes.
  ///
  /// No whitespace; members sorted by the UTF-8 bytes of their keys; strings escape only what JSON requires; integers
  /// without a fraction; real numbers as the shortest decimal that reads back to the same `Double`, always with a
  /// fraction or an exponent, so that they stay real numbers.
  ///
  /// - Throws: `JSONError.unexpected` where a number is infinite or not a number: it has no JSON form.
  package func canonicalBytes() throws(JSONError) -> [UInt8] {
    try requireFinite(.root("JSON"))
    var bytes: [UInt8] = []
    JSONWriter.write(self, to: &bytes)
    return bytes
  }

  /// The form for people: two spaces per level, members in their own order, a line feed at the end.
  ///
  /// Arrays of plain values stay on one line. A number that is infinite or not a number is written as null: in a report
  /// it is a measure that is not defined.
  package func prettyBytes() -> [UInt8] {
    var bytes: [UInt8] = []
    JSONWriter.writePretty(self, level: 0, to: &bytes)
    bytes.append(0x0A)
    return bytes
  }

  private func requireFinite(_ path: JSONPath) throws(JSONError) {
    switch self {
    case .double(let value) where !value.isFinite:
      throw .unexpected("\(value) cannot be written as JSON", path: path.description)
    case .array(let elements):
      for (index, element) in elements.enumerated() { try element.requireFinite(.element(path, index)) }
    case .object(let object):
      for (key, value) in object { try value.requireFinite(.member(path, key)) }
    case .null, .bool, .int, .double, .string: break
    }
  }
}

extension JSON: CustomStringConvertible {
  /// The canonical form as text, with null for a number that has none.
  package var description: String {
    var bytes: [UInt8] = []
    JSONWriter.write(self, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}

enum JSONWriter {
  static func write(_ value: JSON, to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += String(value).utf8
    case .double(let value): bytes += (value.isFinite ? value.description : "null").utf8
    case .string(let value): write(value, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(element, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in sortedMembers(object).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        write(member.0, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        write(member.1, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  static func write(_ text: String, to bytes: inout [UInt8]) {
    let hexDigits = Array("0123456789abcdef".utf8)
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0D: bytes += "\\r".utf8
      case ..<0x20:
        bytes += "\\u00".utf8
        bytes.append(hexDigits[Int(byte >> 4)])
        bytes.append(hexDigits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A key as messages show it: escaped, and shortened so that a hostile one cannot flood a terminal.
  static func quoted(_ key: String) -> String {
    var bytes: [UInt8] = []
    write(key.unicodeScalars.count > 64 ? String(key.unicodeScalars.prefix(64)) + "..." : key, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  static func writePretty(_ value: JSON, level: Int, to bytes: inout [UInt8]) {
    switch value {
    case .array(let elements) where elements.contains { $0.isContainer }:
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        breakLine(after: index, level: level + 1, to: &bytes)
        writePretty(element, level: level + 1, to: &bytes)
      }
      breakLine(after: 0, level: level, to: &bytes)
      bytes.append(UInt8(ascii: "]"))
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes += ", ".utf8 }
        write(element, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object) where !object.isEmpty:
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in object.enumerated() {
        breakLine(after: index, level: level + 1, to: &bytes)
        write(member.0, to: &bytes)
        bytes += ": ".utf8
        writePretty(member.1, level: level + 1, to: &bytes)
      }
      breakLine(after: 0, level: level, to: &bytes)
      bytes.append(UInt8(ascii: "}"))
    case .null, .bool, .int, .double, .string, .object: write(value, to: &bytes)
    }
  }

  /// Starts a line, after a comma where it follows an earlier item.
  private static func breakLine(after items: Int, level: Int, to bytes: inout [UInt8]) {
    if items > 0 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(0x0A)
    bytes += repeatElement(UInt8(ascii: " "), count: 2 * level)
  }

  // Swift orders strings by their normalised scalars, which is not the order of their bytes.
  private static func sortedMembers(_ object: JSONObject) -> [(String, JSON)] {
    object.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
  }
}

extension JSON {
  fileprivate var isContainer: Bool {
    switch self {
    case .array, .object: true
    case .null, .bool, .int, .double, .string: false
    }
  }
}

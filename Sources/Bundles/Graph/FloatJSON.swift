import CanonicalJSON

extension JSON {
  /// A float32 as the shortest decimal that reads back to it: as a double that is then rounded to float32.
  ///
  /// JSON has no infinities; clip bounds need them, so they are the strings "inf", "-inf" (and "nan").
  static func float(_ value: Float) -> JSON {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    // The shortest decimal of a float can, read as a double, round the wrong way; the double itself never does.
    if let short = Double(value.description), Float(short) == value { return .double(short) }
    return .double(Double(value))
  }
}

extension JSONNode {
  /// A float32 written by `JSON.float`, infinities included.
  func anyFloat() throws(JSONError) -> Float {
    guard case .string(let text) = value else { return try float() }
    switch text {
    case "inf": return .infinity
    case "-inf": return -.infinity
    case "nan": return .nan
    default: throw error("expected a number, \"inf\", \"-inf\" or \"nan\"")
    }
  }
}

/// A text from a file as messages show it.
func shortened(_ text: String) -> String {
  JSON.string(text.unicodeScalars.count > 64 ? String(text.unicodeScalars.prefix(64)) + "..." : text).description
}

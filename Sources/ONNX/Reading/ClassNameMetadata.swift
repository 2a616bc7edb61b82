/// Class names among a model's metadata, as training frameworks write them there.
///
/// There is no standard for it: a value is a JSON or Python list (`["mel", "nv"]`), a dictionary from numbers to names
/// (`{0: 'mel', 1: 'nv'}`, as Ultralytics writes it) or back, or names with commas between them.
enum ClassNameMetadata {
  /// The keys that are looked for, in this order.
  static let keys = ["names", "class_names", "classes", "labels", "id2label"]
  /// Longer values are passed over.
  static let valueLimit = 1 << 20
  private static let countLimit = 1 << 16

  /// The names of the first key that has some, in the order of their numbers.
  static func names(_ metadata: [String: String]) -> [String]? {
    keys.lazy.compactMap { key in metadata[key].flatMap(parse) }.first
  }

  private static func parse(_ text: String) -> [String]? {
    var scanner = Scanner(text)
    let names: [String]?
    if scanner.take("{") {
      names = dictionary(&scanner)
    } else if scanner.take("[") || scanner.take("(") {
      names = list(&scanner)
    } else {
      let parts = text.split(whereSeparator: { $0 == "," || $0.isNewline }).map { part in
        String(part.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      }
      names = parts.count > 1 ? parts : nil
    }
    guard let names, !names.isEmpty, names.count <= countLimit, Set(names).count == names.count,
      !names.contains("")
    else { return nil }
    return names
  }

  private static func list(_ scanner: inout Scanner) -> [String]? {
    var names: [String] = []
    while !scanner.take("]"), !scanner.take(")") {
      guard names.count < countLimit, let name = scanner.string() else { return nil }
      names.append(name)
      if !scanner.take(",") { return scanner.take("]") || scanner.take(")") ? names : nil }
    }
    return names
  }

  private static func dictionary(_ scanner: inout Scanner) -> [String]? {
    var names: [Int: String] = [:]
    while !scanner.take("}") {
      guard names.count < countLimit, let key = scanner.word(), scanner.take(":"), let value = scanner.word() else {
        return nil
      }
      // Numbers to names, or names to numbers.
      let pair = Int(key).map { ($0, value) } ?? Int(value).map { ($0, key) }
      guard let (number, name) = pair, names.updateValue(name, forKey: number) == nil else { return nil }
      if !scanner.take(",") {
        guard scanner.take("}") else { return nil }
        break
      }
    }
    let ordered = (0..<names.count).compactMap { names[$0] }
    return ordered.count == names.count ? ordered : nil
  }

  /// A cursor over such a value.
  private struct Scanner {
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) { rest = Substring(text).unicodeScalars }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
      rest = rest.drop { $0.properties.isWhitespace }
      guard rest.first == scalar else { return false }
      rest = rest.dropFirst()
      return true
    }

    /// A string, or a number without quotation marks.
    mutating func word() -> String? {
      if let string = string() { return string }
      let digits = rest.prefix { ("0"..."9").contains($0) }
      rest = rest.dropFirst(digits.count)
      return digits.isEmpty ? nil : String(String.UnicodeScalarView(digits))
    }

    /// A string in single or double quotation marks.
    mutating func string() -> String? {
      let quote: Unicode.Scalar
      if take("\"") { quote = "\"" } else if take("'") { quote = "'" } else { return nil }
      var result = String.UnicodeScalarView()
      while let scalar = rest.first {
        rest = rest.dropFirst()
        if scalar == quote { return String(result) }
        if scalar != "\\" { result.append(scalar) } else if let escaped = escaped() { result.append(escaped) }
      }
      return nil
    }

    /// What follows a backslash.
    private mutating func escaped() -> Unicode.Scalar? {
      guard let scalar = rest.first else { return nil }
      rest = rest.dropFirst()
      guard scalar == "u" else { return scalar }
      let digits = String(String.UnicodeScalarView(rest.prefix(4)))
      rest = rest.dropFirst(4)
      return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
    }
  }
}

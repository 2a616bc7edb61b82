/// Names that C takes.
package enum CName {
  private static let keywords: Set<String> = [
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
    "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "main", "bool", "class",
    "new", "delete", "this", "template", "true", "false", "and", "or", "not", "xor", "rgb", "w", "h",
  ]

  /// Whether a name can be that of functions, of C++ as well.
  package static func isIdentifier(_ name: String) -> Bool { !name.isEmpty && identifier(name) == name }

  /// An identifier made of any text: letters, digits and single underscores, beginning with a letter.
  package static func identifier(_ text: String, otherwise: String = "model") -> String {
    var result = ""
    for byte in text.utf8.prefix(60) {
      let scalar = Unicode.Scalar(byte)
      let isWord = scalar.isASCII && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte))
      if isWord { result.unicodeScalars.append(scalar) } else if !result.isEmpty, result.last != "_" { result += "_" }
    }
    while result.last == "_" { result.removeLast() }
    guard let first = result.utf8.first else { return otherwise }
    if (0x30...0x39).contains(first) || keywords.contains(result) { result = "\(otherwise)_\(result)" }
    return result
  }

  /// Identifiers of several texts, no two of them alike.
  static func identifiers(_ texts: [String], otherwise: String) -> [String] {
    var seen: Set<String> = []
    return texts.map { text in
      let name = identifier(text, otherwise: otherwise)
      var unique = name
      var number = 2
      while !seen.insert(unique).inserted {
        unique = "\(name)_\(number)"
        number += 1
      }
      return unique
    }
  }

  /// Text as a C string: what is not plain ASCII by its bytes, and nothing that could be a trigraph.
  static func literal(_ text: String) -> String {
    var result = "\""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "?"):
        result += "\\"
        result.unicodeScalars.append(Unicode.Scalar(byte))
      case 0x20..<0x7F: result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let octal = String(byte, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      }
    }
    return result + "\""
  }
}

/// A block of a text file: bytes in base64 between `-----BEGIN LABEL-----` and `-----END LABEL-----` (RFC 7468).
struct PEM: Equatable {
  let label: String
  let bytes: [UInt8]

  init(label: String, bytes: [UInt8]) {
    self.label = label
    self.bytes = bytes
  }

  /// The first block of a text; what comes before and after it is passed over. Nil where there is none.
  init?(_ text: [UInt8]) {
    let lines = text.split { $0 == 0x0A || $0 == 0x0D }.map { line in
      String(decoding: line, as: UTF8.self).trimmingSpaces
    }
    guard let begin = lines.firstIndex(where: { $0.hasPrefix(PEM.begin) && $0.hasSuffix(PEM.dashes) }) else {
      return nil
    }
    let label = String(lines[begin].dropFirst(PEM.begin.count).dropLast(PEM.dashes.count))
    guard let end = lines[begin...].firstIndex(of: PEM.end + label + PEM.dashes),
      let bytes = Base64.decode(lines[lines.index(after: begin)..<end].joined())
    else { return nil }
    self.init(label: label, bytes: bytes)
  }

  var text: String {
    var lines = [PEM.begin + label + PEM.dashes]
    var rest = Base64.encode(bytes)[...]
    while !rest.isEmpty {
      lines.append(String(rest.prefix(64)))
      rest = rest.dropFirst(64)
    }
    return (lines + [PEM.end + label + PEM.dashes]).joined(separator: "\n") + "\n"
  }

  private static let begin = "-----BEGIN "
  private static let end = "-----END "
  private static let dashes = "-----"
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}

/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for position in 0..<4 {
        text.append(position <= group.count ? digits[bits >> (18 - 6 * position) & 63] : padding)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil where the text is not what `encode` gives.
  static func decode(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var (bits, count) = (0, 0)
    for character in text.utf8.prefix(while: { $0 != padding }) {
      guard let digit = digits.firstIndex(of: character) else { return nil }
      bits = (bits << 6 | digit) & 0xFFF
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(bits >> count & 0xFF))
      }
    }
    return encode(bytes) == text ? bytes : nil
  }
}

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

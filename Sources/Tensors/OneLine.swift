/// A message that may hold names from a file as one line: without control characters, and not endless.
package func oneLine(_ message: String, limit: Int = 1000) -> String {
  let isControl: (Unicode.Scalar) -> Bool = {
    $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || (0x2028...0x2029).contains($0.value)
  }
  guard message.utf8.count > limit || message.unicodeScalars.contains(where: isControl) else { return message }
  var text = ""
  for scalar in message.unicodeScalars.prefix(limit) { text.unicodeScalars.append(isControl(scalar) ? "?" : scalar) }
  return message.unicodeScalars.count > limit ? text + "..." : text
}

/// A name from a file as part of a message.
package func printable(_ name: String) -> String { oneLine(name, limit: 160) }

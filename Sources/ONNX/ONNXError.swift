/// Why a model was refused or could not be written: one line that names file, node, operator and opset where known,
/// what was expected, and what to do.
package struct ONNXError: Error, CustomStringConvertible {
  package var file: String
  package var node: String?
  package var op: String?
  package var opset: Int?
  package var reason: String
  /// What the user can do about it.
  package var remedy: String?

  package init(
    file: String, node: String? = nil, op: String? = nil, opset: Int? = nil, reason: String, remedy: String? = nil
  ) {
    self.file = file
    self.node = node
    self.op = op
    self.opset = opset
    self.reason = reason
    self.remedy = remedy
  }

  package var description: String {
    var text = "\(file): "
    if let node {
      let details = [op, opset.map { "opset \($0)" }].compactMap(\.self)
      text += "node \(printable(node))" + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))") + ": "
    }
    text += reason
    if let remedy { text += "; \(remedy)" }
    return text
  }
}

/// What stops a step of reading or importing; the place is added where it is known.
struct Failure: Error {
  var reason: String
  var remedy: String?

  init(_ reason: String, remedy: String? = nil) {
    self.reason = reason
    self.remedy = remedy
  }
}

/// A name from a file as part of a one-line message: no control characters, not endless.
func printable(_ name: String) -> String {
  let limit = 160
  var text = ""
  for scalar in name.unicodeScalars.prefix(limit) {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
    text.unicodeScalars.append(isControl ? "?" : scalar)
  }
  return name.unicodeScalars.count > limit ? text + "..." : text
}

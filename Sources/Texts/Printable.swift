import Tensors

/// Names that come from models and folders of strangers, made fit to show.
package enum Printable {
  /// A name on one line: characters that could move a terminal's cursor, break a line or turn the direction of writing
  /// are shown as `\u{1b}`, bytes of a file's name that are not UTF-8 as `\xff`, and a long name loses its middle.
  package static func name(_ text: String, limit: Int = 80) -> String {
    var scalars = ""
    for scalar in text.unicodeScalars {
      if isSafe(scalar) {
        scalars.unicodeScalars.append(scalar)
      } else if FileName.carriers.contains(scalar.value) {
        scalars += "\\x\(String(scalar.value & 0xFF, radix: 16))"
      } else {
        scalars += "\\u{\(String(scalar.value, radix: 16))}"
      }
    }
    guard scalars.count > limit else { return scalars }
    let kept = limit - 1
    return "\(scalars.prefix(kept - kept / 2))…\(scalars.suffix(kept / 2))"
  }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}

/// Lines of comma-separated values (RFC 4180).
package enum CSVLine {
  /// A line of fields, with the end that the standard wants.
  package static func make(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") + "\r\n" }

  /// A field in quotes where a comma, a quote or the end of a line is in it.
  private static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return field }
    // `replacing` would bring a megabyte of regular expressions into programs for devices.
    return "\"" + field.split(separator: Character("\""), omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}

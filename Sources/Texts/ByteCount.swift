/// Sizes as people write them.
package enum ByteCount {
  /// Units of a thousand and of 1024 bytes.
  private static let units: [(name: String, bytes: Double)] = [
    ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1000), ("mb", 1_000_000), ("gb", 1_000_000_000),
    ("b", 1),
  ]

  /// The bytes that `900KB`, `0.8 MB`, `512KiB` or `850000` stand for, rounded down; nil where it is no size.
  package static func parse(_ text: String) -> Int? {
    let lower = text.lowercased()
    let unit = units.first { lower.hasSuffix($0.name) }
    let digits = lower.dropLast(unit?.name.count ?? 0).filter { $0 != " " }
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }), let number = Double(digits)
    else { return nil }
    let bytes = number * (unit?.bytes ?? 1)
    return bytes.isFinite && bytes < 9e15 ? Int(bytes) : nil
  }
}

import Tensors

/// labels.csv: a header with the columns file and label, then a line for each sample.
///
/// Labels are numbers or class names.
enum LabelsFile {
  /// More classes than any classifier has; a larger number is no label.
  private static let labelLimit = 1 << 16

  static func read(
    folder: String, classes: [String]?, shape: [Int]
  ) throws(DataError) -> (samples: [Sample], classes: [String]) {
    let path = "\(folder)/labels.csv"
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try MappedFile.contents(of: path)
    } catch {
      throw DataError("\(error)")
    }
    var lines = CSVLines(bytes)
    guard let header = lines.next()?.fields, let fileColumn = header.firstIndex(of: "file"),
      let labelColumn = header.firstIndex(of: "label")
    else { throw DataError("\(path): the first line must name the columns file and label") }

    var names: [String]
    if let classes { names = classes } else { names = try classNames(lines, labelColumn, path) }
    var positions: [String: Int] = [:]
    for (index, name) in names.enumerated().reversed() { positions[name] = index }
    var samples: [Sample] = []
    while let (number, fields) = lines.next() {
      guard fileColumn < fields.count, labelColumn < fields.count else {
        throw DataError("\(path), line \(number): has \(fields.count) columns, the header \(header.count)")
      }
      let (file, label) = (fields[fileColumn], fields[labelColumn])
      guard !file.hasPrefix("/"), !file.split(separator: "/").contains("..") else {
        throw DataError("\(path), line \(number): \(shown(file)) is outside the folder")
      }
      guard let index = Int(label) ?? positions[label], (0..<labelLimit).contains(index) else {
        throw DataError("\(path), line \(number): label \(shown(label)) is neither a number nor a known class")
      }
      samples += SampleFolder.expand(Sample(name: file, path: "\(folder)/\(file)", label: index), shape)
    }
    guard !samples.isEmpty else { throw DataError("\(path): names no samples") }
    let count = (samples.compactMap(\.label).max() ?? 0) + 1
    while names.count < count { names.append("\(names.count)") }
    return (samples, names)
  }

  /// The labels that are no numbers, sorted.
  private static func classNames(
    _ lines: CSVLines, _ column: Int, _ path: String
  ) throws(DataError) -> [String] {
    var names: Set<String> = []
    for (_, fields) in lines where column < fields.count && Int(fields[column]) == nil {
      names.insert(fields[column])
      guard names.count <= labelLimit else { throw DataError("\(path): names more than \(labelLimit) classes") }
    }
    return names.sorted()
  }

  /// A field as a message may show it.
  private static func shown(_ field: String) -> String {
    let isPlain = field.utf8.count <= 128 && !field.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    return isPlain ? field : "\(String(field.unicodeScalars.prefix(64)).debugDescription)..."
  }
}

/// The lines of a CSV file (RFC 4180, but a field does not go over lines), empty ones left out; of the fields of a line
/// the first 4096.
private struct CSVLines: Sequence, IteratorProtocol {
  private var rest: ArraySlice<UInt8>
  private var number = 0

  init(_ bytes: [UInt8]) {
    // Spreadsheets put a byte order mark in front.
    rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
  }

  mutating func next() -> (number: Int, fields: [String])? {
    while !rest.isEmpty {
      let line = rest.prefix { $0 != 0x0A }
      rest = rest.dropFirst(line.count + 1)
      number += 1
      let text = line.last == 0x0D ? line.dropLast() : line
      if !text.isEmpty { return (number, CSVLines.fields(text)) }
    }
    return nil
  }

  private static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var previous: UInt8?
    for byte in line {
      switch byte {
      case UInt8(ascii: "\""):
        // A doubled quote within quotes stands for one.
        if !isQuoted, previous == byte { field.append(byte) }
        isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted:
        fields.append(trimmed(field))
        field = []
        // A line of nothing but commas would become many times its size.
        if fields.count == 4096 { return fields }
      default: field.append(byte)
      }
      previous = byte
    }
    return fields + [trimmed(field)]
  }

  private static func trimmed(_ field: [UInt8]) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return FileName.string(Array(field.drop(while: isSpace).reversed().drop(while: isSpace).reversed()))
  }
}

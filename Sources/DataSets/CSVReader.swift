import Tensors

/// The records of a CSV file (RFC 4180), one at a time: fields may be quoted and then hold separators, line ends and
/// doubled quotes.
///
/// The separator is the one the header has most of: comma, semicolon or tab. Lines end in LF or CRLF, a byte order mark
/// is passed over, empty lines are left out. Only the record that was read last is in memory besides the file, and of
/// its fields the first 4096.
struct CSVReader {
  /// A line of nothing but separators would become many times its size.
  static let fieldLimit = 4096

  let separator: UInt8
  /// The line of the file the record begins in, from 1.
  private(set) var line = 0
  private let bytes: [UInt8]
  private var position: Int
  private var nextLine = 1
  /// The record's fields one after the other, without quotes, and where each ends.
  private var content: [UInt8] = []
  private var ends: [Int] = []

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // Spreadsheets put a byte order mark in front.
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    separator = CSVReader.separator(of: bytes[position...])
  }

  /// Fields of the record.
  var count: Int { ends.count }

  /// A field without the spaces around it; empty where the record has none there.
  subscript(column: Int) -> String { FileName.string(field(column)) }

  /// The bytes of a field without the spaces around it.
  func field(_ column: Int) -> ArraySlice<UInt8> {
    guard ends.indices.contains(column) else { return [] }
    var field = content[(column == 0 ? 0 : ends[column - 1])..<ends[column]]
    while let first = field.first, CSVReader.isSpace(first) { field = field.dropFirst() }
    while let last = field.last, CSVReader.isSpace(last) { field = field.dropLast() }
    return field
  }

  /// All fields of the record.
  var fields: [String] { ends.indices.map { self[$0] } }

  /// Reads the next record; false at the end of the file.
  mutating func next() throws(Refusal) -> Bool {
    repeat {
      guard position < bytes.count else { return false }
      line = nextLine
      content.removeAll(keepingCapacity: true)
      ends.removeAll(keepingCapacity: true)
      try readRecord()
    } while content.isEmpty && ends.count == 1
    return true
  }

  private mutating func readRecord() throws(Refusal) {
    var isQuoted = false
    // A quotation mark within a field stands for itself.
    var mayBeQuoted = true
    var fieldStart = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if isQuoted {
        if byte == 0x0A { nextLine += 1 }
        if byte != CSVReader.quote {
          content.append(byte)
        } else if position < bytes.count, bytes[position] == CSVReader.quote {
          // A doubled quote within quotes stands for one.
          content.append(byte)
          position += 1
        } else {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case CSVReader.quote where mayBeQuoted:
        isQuoted = true
        mayBeQuoted = false
      case separator:
        end(&fieldStart)
        mayBeQuoted = true
      case 0x0D where position == bytes.count || bytes[position] == 0x0A: break
      case 0x0A:
        nextLine += 1
        end(&fieldStart)
        return
      default:
        content.append(byte)
        if !CSVReader.isSpace(byte) { mayBeQuoted = false }
      }
    }
    guard !isQuoted else { throw Refusal("line \(line): a quotation mark is not closed") }
    end(&fieldStart)
  }

  private mutating func end(_ fieldStart: inout Int) {
    if ends.count < CSVReader.fieldLimit { ends.append(content.count) } else { content.removeSubrange(fieldStart...) }
    fieldStart = content.count
  }

  private static let quote = UInt8(ascii: "\"")

  private static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

  /// What the first record has most of outside quotation marks.
  private static func separator(of bytes: ArraySlice<UInt8>) -> UInt8 {
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    var counts = [0, 0, 0]
    var isQuoted = false
    for byte in bytes.drop(while: { $0 == 0x0A || $0 == 0x0D }) {
      if byte == quote { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 0x0A { break }
      if let index = candidates.firstIndex(of: byte) { counts[index] += 1 }
    }
    let most = counts.max() ?? 0
    return candidates[counts.firstIndex(of: most) ?? 0]
  }
}

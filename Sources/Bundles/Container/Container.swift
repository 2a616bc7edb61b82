import Hashing
import Tensors

/// The frame around the sections, byte for byte as `docs/format.md` specifies it; all integers are little-endian.
///
///     preamble   64 bytes   magic, version, file size, place of the table, root hash
///     table     128 bytes for each section: name, codec, place, sizes, hash of the stored bytes
///     sections   each at the next multiple of 64, in the table's order, zeros between
///     signature  144 bytes, where the file is signed: no part of what the preamble calls the file
///
/// The root hash covers the preamble before it and the table, the table's hashes cover the sections, padding must be
/// zero, and a signature has a hash of its own: every byte of the file is checked by one of them.
enum Container {
  static let magic = Array("DERM".utf8)
  static let version = 1
  static let alignment = 64
  static let preambleSize = 64
  static let recordSize = 128
  static let nameSize = 64
  /// Where the root hash begins: it covers the preamble up to here.
  static let rootHashOffset = 32

  /// The next multiple of the alignment; nil beyond what a file can be.
  static func aligned(_ offset: Int) -> Int? {
    let (sum, overflow) = offset.addingReportingOverflow(alignment - 1)
    return overflow || offset < 0 ? nil : sum / alignment * alignment
  }

  /// Where the first section begins in a file of so many sections.
  static func headerSize(sections: Int) -> Int { preambleSize + sections * recordSize }

  // MARK: Writing

  /// The preamble and the table.
  static func header(_ records: [SectionRecord]) -> [UInt8] {
    let size = headerSize(sections: records.count)
    let table = records.flatMap { $0.bytes() }
    var preamble = magic
    preamble.append(littleEndian: version, bytes: 4)
    preamble.append(littleEndian: records.last.map { $0.offset + $0.storedSize } ?? size, bytes: 8)
    preamble.append(littleEndian: preambleSize, bytes: 8)
    preamble.append(littleEndian: table.count, bytes: 8)
    return preamble + SHA256(of: preamble + table).bytes + table
  }

  // MARK: Reading

  /// What is around the sections of a file.
  struct Frame {
    let rootHash: SHA256
    let records: [SectionRecord]
    let signature: BundleSignature?
  }

  /// Reads and checks the header of a file, and its signature where there is one; `path` names it in errors.
  static func frame(of file: UnsafeRawBufferPointer, path: String) throws(Refusal) -> Frame {
    guard file.count >= preambleSize else {
      let kind: Refusal.Kind = !file.isEmpty && file.starts(with: magic) ? .damaged : .foreign
      throw Refusal(kind, file: path, reason: "is \(file.count) bytes long, too short for a .derm bundle")
    }
    guard file.prefix(4).elementsEqual(magic) else {
      throw Refusal(
        .foreign, file: path, reason: "is not a .derm bundle, or its header is damaged: it does not begin with DERM")
    }
    let found = file.integer(at: 4, bytes: 4)
    guard found == version else {
      throw .unsupported(
        file: path,
        "has format version \(found ?? 0), this dermc reads version \(version); or its header is damaged")
    }
    guard file.integer(at: 16, bytes: 8) == preambleSize, let tableSize = file.integer(at: 24, bytes: 8),
      tableSize % recordSize == 0, tableSize <= file.count - preambleSize
    else { throw .damaged(file: path, "header is damaged, or the file is cut off: the table of contents does not fit") }
    let covered = Array(file[0..<rootHashOffset]) + Array(file[preambleSize..<preambleSize + tableSize])
    let root = SHA256(of: covered)
    guard file[rootHashOffset..<preambleSize].elementsEqual(root.bytes) else {
      throw .damaged(file: path, "header is damaged (SHA-256 differs)")
    }
    let size = file.integer(at: 8, bytes: 8) ?? -1
    let rest = UnsafeRawBufferPointer(rebasing: file[max(0, min(size, file.count))...])
    guard size == file.count || size >= preambleSize + tableSize && rest.starts(with: BundleSignature.magic) else {
      throw .damaged(file: path, "is \(file.count) bytes long, its header says \(size): it is cut off or has grown")
    }
    let sections = UnsafeRawBufferPointer(rebasing: file[..<size])
    return Frame(
      rootHash: root, records: try records(inTable: tableSize, of: sections, path: path),
      signature: rest.isEmpty ? nil : try BundleSignature(rest, of: root, path: path))
  }

  /// The records of the table, whose sections fill the file from there to its end.
  private static func records(
    inTable tableSize: Int, of file: UnsafeRawBufferPointer, path: String
  ) throws(Refusal) -> [SectionRecord] {
    var records: [SectionRecord] = []
    var end = preambleSize + tableSize
    var previous = -1
    for offset in stride(from: preambleSize, to: preambleSize + tableSize, by: recordSize) {
      let bytes = UnsafeRawBufferPointer(rebasing: file[offset..<offset + recordSize])
      let record = try SectionRecord(bytes, path: path)
      guard let position = Section.allCases.firstIndex(of: record.section), position > previous else {
        throw .malformed(file: path, "section \(record.section.name) is repeated or out of order")
      }
      previous = position
      // Offsets follow from the sizes; one that does not would leave bytes that nothing checks.
      guard record.offset == aligned(end), record.storedSize <= file.count - record.offset else {
        throw .malformed(file: path, "section \(record.section.name) does not lie where its sizes put it")
      }
      end = record.offset + record.storedSize
      records.append(record)
    }
    guard end == file.count else { throw .malformed(file: path, "has bytes after its last section") }
    return records
  }
}

/// One entry of the table of contents.
struct SectionRecord: Sendable {
  let section: Section
  let codec: any SectionCodec.Type
  var offset: Int
  let storedSize: Int
  let rawSize: Int
  /// The hash of the stored bytes.
  let hash: SHA256

  init(_ section: Section, codec: any SectionCodec.Type, stored: UnsafeRawBufferPointer, rawSize: Int) {
    self.section = section
    self.codec = codec
    offset = 0
    storedSize = stored.count
    self.rawSize = rawSize
    hash = SHA256(of: stored)
  }

  /// Reads the 128 bytes of an entry.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(Refusal) {
    let name = bytes.prefix(Container.nameSize).prefix { $0 != 0 }
    guard bytes[name.count..<Container.nameSize].allSatisfy({ $0 == 0 }),
      let text = String(validating: name, as: UTF8.self), let section = Section(rawValue: text)
    else { throw .unsupported(file: path, "has a section that this dermc does not know: \(printable(name))") }
    guard let number = bytes.integer(at: 64, bytes: 4), let codec = Codecs.all.first(where: { $0.number == number })
    else { throw .unsupported(file: path, "section \(text) is stored in a way that this dermc does not know") }
    guard bytes.integer(at: 68, bytes: 4) == 0, let offset = bytes.integer(at: 72, bytes: 8),
      let stored = bytes.integer(at: 80, bytes: 8), let raw = bytes.integer(at: 88, bytes: 8),
      let hash = SHA256(bytes: Array(bytes[96..<128]))
    else { throw .malformed(file: path, "section \(text) has sizes out of range") }
    self.section = section
    self.codec = codec
    self.offset = offset
    storedSize = stored
    rawSize = raw
    self.hash = hash
  }

  func bytes() -> [UInt8] {
    var bytes = Array(section.name.utf8)
    bytes += repeatElement(0, count: Container.nameSize - bytes.count)
    bytes.append(littleEndian: Int(codec.number), bytes: 4)
    bytes.append(littleEndian: 0, bytes: 4)
    bytes.append(littleEndian: offset, bytes: 8)
    bytes.append(littleEndian: storedSize, bytes: 8)
    bytes.append(littleEndian: rawSize, bytes: 8)
    return bytes + hash.bytes
  }

  var report: SectionReport {
    SectionReport(name: section.name, codec: codec.name, rawBytes: rawSize, storedBytes: storedSize)
  }
}

/// Bytes of a file as a message may show them.
private func printable(_ bytes: some Sequence<UInt8>) -> String {
  String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
}

extension [UInt8] {
  fileprivate mutating func append(littleEndian value: Int, bytes: Int) {
    for index in 0..<bytes { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }
}

extension UnsafeRawBufferPointer {
  /// An unsigned little-endian integer; nil when it lies outside the buffer or does not fit Int.
  fileprivate func integer(at offset: Int, bytes: Int) -> Int? {
    guard offset + bytes <= count else { return nil }
    var value: UInt64 = 0
    for index in 0..<bytes { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
    return Int(exactly: value)
  }
}

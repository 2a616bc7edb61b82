import Deflate
package import Tensors

/// The directory of a zip file: what .npz needs of the format, zip64 included.
package struct ZipArchive {
  /// One file in the archive.
  package struct Member {
    /// The name as messages show it.
    var shownName: String { ZipArchive.shown(name) }

    package let name: String
    let method: Int
    let checksum: Int
    let compressedSize: Int
    /// Bytes of the file itself.
    package let size: Int
    let headerOffset: Int
  }

  package let members: [Member]

  static func isZip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
  }

  /// Reads the directory; file contents are looked at by `Member.content`.
  static func shown(_ name: String) -> String { String(name.debugDescription.prefix(128)) }

  package init(_ bytes: UnsafeRawBufferPointer) throws(Refusal) {
    var cursor = try Directory(in: bytes)
    var members: [Member] = []
    var names: Set<String> = []
    while let member = try cursor.next() {
      guard names.insert(member.name).inserted else {
        throw Refusal("is twice in the archive").about(member.shownName)
      }
      members.append(member)
    }
    self.members = members
  }
}

extension ZipArchive.Member {
  /// The file's bytes, decompressed and checked against their length and CRC-32.
  package func content(in archive: UnsafeRawBufferPointer) throws(Refusal) -> Buffer {
    let compressed = try compressed(in: archive)
    let content = method == 0 ? copy(compressed) : try expand(compressed)
    guard content.withBytes(Deflate.crc32) == checksum else { throw Refusal("its checksum is wrong") }
    return content
  }

  /// The file's first bytes, at most `count`, not checked: what they say tells whether the rest is worth its memory.
  func beginning(in archive: UnsafeRawBufferPointer, count: Int) throws(Refusal) -> Buffer {
    let compressed = try compressed(in: archive)
    guard method == 8 else { return copy(UnsafeRawBufferPointer(rebasing: compressed.prefix(count))) }
    return Buffer(count: min(count, size)) { Deflate.expandBeginning(of: compressed, .raw, into: $0) }
  }

  private func expand(_ compressed: UnsafeRawBufferPointer) throws(Refusal) -> Buffer {
    guard size <= Deflate.largestRaw(stored: compressed.count) else {
      throw Refusal("claims to be larger than its compressed data can be")
    }
    var isWhole = false
    let content = Buffer(count: size) { isWhole = Deflate.expand(compressed, .raw, into: $0) }
    guard isWhole else { throw Refusal("its compressed data is corrupt or cut off") }
    return content
  }

  private func copy(_ bytes: UnsafeRawBufferPointer) -> Buffer {
    Buffer(count: bytes.count, isZeroed: false) { $0.copyMemory(from: bytes) }
  }

  /// The file as it is stored, by a method that is known.
  private func compressed(in archive: UnsafeRawBufferPointer) throws(Refusal) -> UnsafeRawBufferPointer {
    guard archive.integer(UInt32.self, at: headerOffset) == 0x0403_4B50,
      let nameLength = archive.integer(UInt16.self, at: headerOffset + 26),
      let extraLength = archive.integer(UInt16.self, at: headerOffset + 28)
    else { throw Refusal("its zip header is missing") }
    let start = headerOffset + 30 + nameLength + extraLength
    guard start <= archive.count, compressedSize <= archive.count - start else {
      throw Refusal("is cut off")
    }
    guard method == 0 || method == 8 else {
      throw Refusal("zip compression method \(method) is not supported; use numpy.savez")
    }
    guard method == 8 || compressedSize == size else {
      throw Refusal("its two zip sizes contradict each other")
    }
    return UnsafeRawBufferPointer(rebasing: archive[start..<start + compressedSize])
  }
}

/// Walks the central directory.
private struct Directory {
  private let bytes: UnsafeRawBufferPointer
  private var offset: Int
  private let end: Int
  private var remaining: Int

  /// Finds the directory through the record at the end of the file.
  init(in bytes: UnsafeRawBufferPointer) throws(Refusal) {
    self.bytes = bytes
    guard let record = Self.endRecord(in: bytes), var count = bytes.integer(UInt16.self, at: record + 10),
      var size = bytes.integer(UInt32.self, at: record + 12), var start = bytes.integer(UInt32.self, at: record + 16),
      bytes.integer(UInt32.self, at: record + 4) == 0
    else { throw Refusal("the zip directory is missing: the file is cut off or in several parts") }
    if count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF {
      guard bytes.integer(UInt32.self, at: record - 20) == 0x0706_4B50,
        let wide = bytes.integer(UInt64.self, at: record - 12), bytes.integer(UInt32.self, at: wide) == 0x0606_4B50,
        let wideCount = bytes.integer(UInt64.self, at: wide + 32),
        let wideSize = bytes.integer(UInt64.self, at: wide + 40),
        let wideStart = bytes.integer(UInt64.self, at: wide + 48)
      else { throw Self.malformed }
      (count, size, start) = (wideCount, wideSize, wideStart)
    }
    guard start <= record, size <= record - start else { throw Self.malformed }
    offset = start
    end = start + size
    remaining = count
  }

  private static var malformed: Refusal { Refusal("the zip directory is malformed") }

  /// The end record is the last thing in the file but for a comment of at most 65,535 bytes.
  private static func endRecord(in bytes: UnsafeRawBufferPointer) -> Int? {
    var offset = bytes.count - 22
    while offset >= max(0, bytes.count - 22 - 0xFFFF) {
      if bytes.integer(UInt32.self, at: offset) == 0x0605_4B50,
        bytes.integer(UInt16.self, at: offset + 20) == bytes.count - offset - 22
      {
        return offset
      }
      offset -= 1
    }
    return nil
  }

  mutating func next() throws(Refusal) -> ZipArchive.Member? {
    guard remaining > 0 else {
      guard offset == end else { throw Self.malformed }
      return nil
    }
    remaining -= 1
    guard end - offset >= 46, bytes.integer(UInt32.self, at: offset) == 0x0201_4B50,
      let flags = bytes.integer(UInt16.self, at: offset + 8), let method = bytes.integer(UInt16.self, at: offset + 10),
      let checksum = bytes.integer(UInt32.self, at: offset + 16),
      var compressedSize = bytes.integer(UInt32.self, at: offset + 20),
      var size = bytes.integer(UInt32.self, at: offset + 24),
      let nameLength = bytes.integer(UInt16.self, at: offset + 28),
      let extraLength = bytes.integer(UInt16.self, at: offset + 30),
      let commentLength = bytes.integer(UInt16.self, at: offset + 32),
      var headerOffset = bytes.integer(UInt32.self, at: offset + 42),
      nameLength + extraLength + commentLength <= end - offset - 46
    else { throw Self.malformed }
    let nameBytes = UnsafeRawBufferPointer(rebasing: bytes[offset + 46..<offset + 46 + nameLength])
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw Refusal("a name in the zip directory is not UTF-8")
    }
    guard flags & 1 == 0 else { throw Refusal("is encrypted").about(ZipArchive.shown(name)) }
    var wide = wideValues(from: offset + 46 + nameLength, count: extraLength)[...]
    // The 64-bit values stand in this order, each only where its 32-bit field is saturated.
    if size == 0xFFFF_FFFF { size = try Self.take(&wide) }
    if compressedSize == 0xFFFF_FFFF { compressedSize = try Self.take(&wide) }
    if headerOffset == 0xFFFF_FFFF { headerOffset = try Self.take(&wide) }
    guard headerOffset < bytes.count else { throw Self.malformed }
    offset += 46 + nameLength + extraLength + commentLength
    return ZipArchive.Member(
      name: name, method: method, checksum: checksum, compressedSize: compressedSize, size: size,
      headerOffset: headerOffset)
  }

  private static func take(_ values: inout ArraySlice<Int>) throws(Refusal) -> Int {
    guard let value = values.popFirst() else { throw malformed }
    return value
  }

  /// The 64-bit values among a member's extra fields.
  private func wideValues(from start: Int, count: Int) -> [Int] {
    var field = start
    while field + 4 <= start + count, let kind = bytes.integer(UInt16.self, at: field),
      let length = bytes.integer(UInt16.self, at: field + 2), length <= start + count - field - 4
    {
      if kind == 1 { return (0..<length / 8).compactMap { bytes.integer(UInt64.self, at: field + 4 + 8 * $0) } }
      field += 4 + length
    }
    return []
  }
}

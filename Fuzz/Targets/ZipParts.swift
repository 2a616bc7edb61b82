import CZlib

/// A zip archive taken apart into its files, and put together again with sizes and checksums that hold.
package struct ZipParts {
  package struct Member {
    package var name: String
    package var content: [UInt8]
    package var isDeflated: Bool

    package init(name: String, content: [UInt8], isDeflated: Bool) {
      self.name = name
      self.content = content
      self.isDeflated = isDeflated
    }
  }

  package var members: [Member]

  package init(members: [Member]) { self.members = members }

  /// Nil where the bytes are not a sequence of files, each with its size before it.
  init?(_ bytes: [UInt8]) {
    members = []
    var offset = 0
    while offset + 30 <= bytes.count, ZipParts.integer(bytes, offset, 4) == 0x0403_4B50 {
      let method = ZipParts.integer(bytes, offset + 8, 2)
      let stored = ZipParts.integer(bytes, offset + 18, 4)
      let nameEnd = offset + 30 + ZipParts.integer(bytes, offset + 26, 2)
      let start = nameEnd + ZipParts.integer(bytes, offset + 28, 2)
      guard nameEnd <= start, start <= bytes.count, stored <= bytes.count - start else { return nil }
      let part = Array(bytes[start..<start + stored])
      guard let content = method == 8 ? ZipParts.inflated(part) : part else { return nil }
      members.append(
        Member(
          name: String(decoding: bytes[offset + 30..<nameEnd], as: UTF8.self), content: content,
          isDeflated: method == 8))
      offset = start + stored
    }
    if members.isEmpty { return nil }
  }

  package var bytes: [UInt8] { bytes(odd: -1, 0) }

  /// The archive; now and then one of its numbers is another.
  func bytes(_ dice: inout Dice) -> [UInt8] {
    dice.oneIn(4) ? bytes(odd: dice.roll(members.count * 12 + 5), dice.integer()) : bytes
  }

  /// - Parameter odd: which number of the archive is `other` instead
  private func bytes(odd: Int, _ other: Int) -> [UInt8] {
    var result: [UInt8] = []
    var directory: [UInt8] = []
    var number = 0
    func field(_ value: Int, _ count: Int, _ bytes: inout [UInt8]) {
      let value = number == odd ? other : value
      number += 1
      for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
    for member in members {
      let stored = member.isDeflated ? ZipParts.deflated(member.content) : member.content
      let name = Array(member.name.utf8)
      let offset = result.count
      var shared: [UInt8] = []
      for (value, count) in [
        (member.isDeflated ? 8 : 0, 2), (0, 4), (Int(Zlib.crc32(member.content)), 4), (stored.count, 4),
        (member.content.count, 4), (name.count, 2), (0, 2),
      ] { field(value, count, &shared) }
      result += [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + shared + name + stored
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0, 0, 0] + shared
      for (value, count) in [(0, 2), (0, 2), (0, 2), (0, 4), (offset, 4)] { field(value, count, &directory) }
      directory += name
    }
    let start = result.count
    result += directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0]
    for (value, count) in [(members.count, 2), (members.count, 2), (directory.count, 4), (start, 4), (0, 2)] {
      field(value, count, &result)
    }
    return result
  }

  private static func integer(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> Int {
    bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  // A raw deflate stream is a zlib stream without its two first and four last bytes.

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    Array((Zlib.compressed(bytes) ?? []).dropFirst(2).dropLast(4))
  }

  private static func inflated(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard czlib_inflate_init(&stream, -MAX_WBITS) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var source = bytes
    var target = [UInt8](repeating: 0, count: min(1 << 20, bytes.count * 40 + 1024))
    let status = source.withUnsafeMutableBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return inflate(&stream, Z_FINISH)
      }
    }
    return status == Z_STREAM_END ? Array(target.prefix(Int(stream.total_out))) : nil
  }
}

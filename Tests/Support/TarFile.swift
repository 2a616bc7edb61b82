/// A tar taken apart into its blocks, and put together again with checksums that hold.
package struct TarFile {
  /// A header and what follows it.
  package struct Member {
    package var name: String
    package var content: [UInt8]
    /// The kind of a member: `0` a file, `5` a folder, `L` GNU's long name, `x` POSIX's further facts.
    package var letter: Character
    /// The size field as it stands; nil for what the content has.
    package var size: [UInt8]?
    package var magic = "ustar\u{0}00"
    /// The field of folders before the name.
    package var folders = ""
    /// Added to the checksum.
    package var error = 0

    package init(_ name: String, _ content: [UInt8] = [], letter: Character = "0", size: [UInt8]? = nil) {
      self.name = name
      self.content = content
      self.letter = letter
      self.size = size
    }

    fileprivate var bytes: [UInt8] {
      var block = [UInt8](repeating: 0, count: 512)
      func put(_ text: some Sequence<UInt8>, _ place: Int, _ limit: Int) {
        for (index, byte) in text.prefix(limit).enumerated() { block[place + index] = byte }
      }
      put(name.utf8, 0, 100)
      put("0000644".utf8, 100, 8)
      put(size ?? Array(TarFile.octal(content.count, 11).utf8), 124, 12)
      put([UInt8(truncatingIfNeeded: letter.unicodeScalars.first?.value ?? 0)], 156, 1)
      put(magic.utf8, 257, 8)
      put(folders.utf8, 345, 155)
      put([UInt8](repeating: 0x20, count: 8), 148, 8)
      put((TarFile.octal(block.reduce(0) { $0 + Int($1) } + error, 6) + "\u{0} ").utf8, 148, 8)
      return block + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
  }

  package var members: [Member]
  /// What follows the last member: two empty blocks.
  package var end = [UInt8](repeating: 0, count: 1024)

  package init(_ members: [Member]) { self.members = members }

  /// Nil where the bytes do not begin with a member.
  package init?(_ bytes: [UInt8]) {
    members = []
    var offset = 0
    while offset + 512 <= bytes.count, bytes[offset] != 0 {
      func text(_ place: Int, _ count: Int) -> String {
        String(decoding: bytes[offset + place..<offset + place + count].prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let count = Int(text(124, 12), radix: 8), count >= 0, count <= bytes.count - offset - 512 else { break }
      var member = Member(text(0, 100), Array(bytes[offset + 512..<offset + 512 + count]))
      member.letter = Character(Unicode.Scalar(bytes[offset + 156]))
      member.magic = String(decoding: bytes[offset + 257..<offset + 265], as: UTF8.self)
      member.folders = text(345, 155)
      members.append(member)
      offset += 512 + (count + 511) / 512 * 512
    }
    if members.isEmpty { return nil }
    end = Array(bytes[min(offset, bytes.count)...])
  }

  package var bytes: [UInt8] { members.flatMap(\.bytes) + end }

  private static func octal(_ number: Int, _ width: Int) -> String {
    let digits = String(max(0, number), radix: 8)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// A line of POSIX's further facts, which begins with its own length.
  package static func fact(_ key: String, _ value: String) -> [UInt8] {
    let rest = " \(key)=\(value)\n"
    var length = rest.utf8.count + 1
    while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
    return Array("\(length)\(rest)".utf8)
  }
}

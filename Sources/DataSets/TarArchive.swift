package import Tensors

/// A tar as a folder that is read without being unpacked: POSIX's ustar and pax, and GNU's.
///
/// The file is mapped, its headers are walked once, and a member's bytes are read where they lie; pages leave memory
/// behind the reader. A tar may be hostile: sizes are checked against the bytes that are there, names must stay below
/// the tar, and what no data set needs is refused by name: links, devices, holes, a member twice, an end that is not
/// there. The reader is our own since it is small and refuses all that; libarchive reads much more, and mends what it
/// finds broken.
package final class TarArchive: Sendable {
  /// A file within.
  struct Member: Sendable, Hashable {
    let name: String
    let offset: Int
    let count: Int
  }

  /// Members, hidden ones left out, in the order of the bytes of their names.
  let members: [Member]
  /// The folders at the top of the tar, in order.
  let folders: [String]
  private let file: MappedFile

  /// Names and further facts may have so many bytes.
  private static let namesLimit = 1 << 16
  private static let factsLimit = 1 << 20
  /// Zeros after the end: tar fills up blocks of this size at most.
  private static let endLimit = 1 << 20
  /// Bytes that the kernel maps at once, on either side of one that is touched, or more.
  private static let around = 128 << 10
  /// Headers are walked so far before their pages leave memory.
  private static let step = 16 << 20

  package var path: String { file.path }

  package init(path: String) throws(Refusal) {
    let file = try MappedFile(path: path)
    do throws(Refusal) {
      (members, folders) = try file.withBytes { (bytes) throws(Refusal) in
        var walk = Walk(bytes)
        var released = 0
        while try walk.next() {
          if walk.offset - released > TarArchive.step {
            file.releasePages(of: released..<walk.offset)
            released = walk.offset
          }
        }
        return walk.found
      }
    } catch {
      throw error.of(file: path)
    }
    file.releasePages()
    self.file = file
  }

  /// The bytes of a member.
  func contents(of member: Member) throws(Refusal) -> [UInt8] {
    guard member.count <= MappedFile.contentsLimit else {
      throw Refusal(
        .unreadable, file: "\(path)/\(member.name)",
        reason: "has \(member.count) bytes, at most \(MappedFile.contentsLimit) are read of such a file")
    }
    let range = member.offset..<member.offset + member.count
    let bytes = file.withBytes { Array($0[range]) }
    // The kernel maps what lies around a page with it, and of members that are passed over that would stay.
    file.releasePages(of: range.lowerBound - TarArchive.around..<range.upperBound + TarArchive.around)
    try file.checkUnchanged()
    return bytes
  }

  /// The way through the headers.
  private struct Walk {
    private let bytes: UnsafeRawBufferPointer
    /// Where the next header is.
    private(set) var offset = 0
    private var members: [(path: [UInt8], member: Member)] = []
    private var names: Set<[UInt8]> = []
    private var folders: Set<[UInt8]> = []
    /// What was said of the next member before it.
    private var longName: [UInt8]?
    private var facts: TarFacts?

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var found: ([Member], [String]) {
      let sorted = members.sorted { $0.path.lexicographicallyPrecedes($1.path) }
      return (sorted.map(\.member), FileTree.inOrder(folders.map { FileName.string($0) }))
    }

    /// Goes past a header and what belongs to it; false at the end.
    mutating func next() throws(Refusal) -> Bool {
      guard !bytes.isEmpty else { throw Refusal(.foreign, reason: "is empty, no tar") }
      guard bytes.count - offset >= TarHeader.size else {
        throw Refusal(
          .damaged, reason: "is cut off: a tar ends with two empty blocks, this one with byte \(bytes.count)")
      }
      let block = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + TarHeader.size])
      if block.allSatisfy({ $0 == 0 }) {
        try checkEnd()
        return false
      }
      let header: TarHeader
      do throws(Refusal) { header = try TarHeader(block) } catch {
        guard offset > 0 else { throw Refusal(.foreign, reason: "is not a tar\(Walk.hint(bytes))") }
        throw error.about("its block at byte \(offset)")
      }
      var count = header.count
      let isFile = header.kind == .file || header.kind == .folder || header.kind == .link
      if isFile, let told = facts?.count { count = told }
      let begin = offset + TarHeader.size
      let name = shown(header)
      guard count <= bytes.count - begin, padded(count) <= bytes.count - begin else {
        throw Refusal(
          .damaged,
          reason: "\(name) is to have \(count) bytes, the tar has \(bytes.count - begin) left: it is cut off or damaged"
        )
      }
      do throws(Refusal) { try take(header, begin, count) } catch { throw error.about(name) }
      offset = begin + padded(count)
      return true
    }

    /// The next multiple of a block's size. Fits for what is smaller than a file.
    private func padded(_ count: Int) -> Int {
      let (sum, overflow) = count.addingReportingOverflow(TarHeader.size - 1)
      return overflow ? Int.max : sum / TarHeader.size * TarHeader.size
    }

    /// The name the next member has been given, or the one in its header, for messages.
    private func shown(_ header: TarHeader) -> String {
      DataTable.shown(FileName.string(facts?.name ?? longName ?? header.name))
    }

    private mutating func take(_ header: TarHeader, _ begin: Int, _ count: Int) throws(Refusal) {
      let contents = bytes[begin..<begin + count]
      switch header.kind {
      case .longName:
        guard longName == nil, count <= TarArchive.namesLimit else {
          throw Refusal("is a second name of one member, or endless")
        }
        longName = Array(contents.prefix { $0 != 0 })
        return
      case .longLink:
        // What links lead to does not matter: they are refused where they are met.
        guard count <= TarArchive.namesLimit else { throw Refusal("is endless") }
        return
      case .facts:
        guard facts == nil, count <= TarArchive.factsLimit else {
          throw Refusal("are a second set of further facts of one member, or too many")
        }
        facts = try TarFacts(Array(contents)[...])
        return
      case .commonFacts:
        guard count <= TarArchive.factsLimit else { throw Refusal("are too many further facts") }
        guard try TarFacts(Array(contents)[...]).isEmpty else {
          throw Refusal("gives all members one name or size (pax): no tar of files does")
        }
        return
      case .file, .folder, .link, .other: break
      }
      let name = facts?.name ?? longName ?? header.name
      (facts, longName) = (nil, nil)
      let parts = try Walk.parts(of: name)
      switch header.kind {
      case .folder: if !Walk.isHidden(parts), let top = parts.first { folders.insert(Array(top)) }
      case .file:
        guard !parts.isEmpty else { throw Refusal("is a file without a name") }
        let path = Array(parts.joined(separator: [UInt8(ascii: "/")]))
        guard names.insert(path).inserted else { throw Refusal("is in the tar twice") }
        if Walk.isHidden(parts) { return }
        if parts.count > 1 { folders.insert(Array(parts[0])) }
        members.append((path, Member(name: FileName.string(path), offset: begin, count: count)))
      case .link:
        throw Refusal("is a link, files alone are read", remedy: "write the tar with --dereference --hard-dereference")
      case .other(let letter):
        throw Refusal("is of type \(letter) (a device, a volume or a file in pieces): files and folders alone are read")
      case .longName, .longLink, .facts, .commonFacts: break
      }
    }

    /// The folders and the name of a path, `./` left out.
    private static func parts(of name: [UInt8]) throws(Refusal) -> [ArraySlice<UInt8>] {
      let parts = name.split(separator: UInt8(ascii: "/")).filter { Array($0) != [UInt8(ascii: ".")] }
      guard !name.isEmpty, name.first != UInt8(ascii: "/"), !name.contains(0),
        !parts.contains(where: { Array($0) == [UInt8(ascii: "."), UInt8(ascii: ".")] })
      else { throw Refusal("is a name that leads out of the tar, or none") }
      return parts
    }

    private static func isHidden(_ parts: [ArraySlice<UInt8>]) -> Bool {
      parts.contains { $0.first == UInt8(ascii: ".") }
    }

    /// Refuses what goes on behind the end: another tar that was joined on, say, whose files nobody would miss.
    private func checkEnd() throws(Refusal) {
      guard longName == nil, facts == nil else {
        throw Refusal(.damaged, reason: "ends after the name of a member that is not there")
      }
      let rest = bytes[offset...]
      guard rest.count <= TarArchive.endLimit, rest.allSatisfy({ $0 == 0 }) else {
        throw Refusal("goes on after its end, at byte \(offset)", remedy: "give tars that were joined apart")
      }
    }

    private static func hint(_ bytes: UnsafeRawBufferPointer) -> String {
      let begin = Array(bytes.prefix(6))
      let packed: [([UInt8], String)] = [
        ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"),
        ([0x42, 0x5A, 0x68], "bzip2"),
      ]
      return packed.first { begin.starts(with: $0.0) }.map { "; it is compressed (\($0.1)): decompress it first" } ?? ""
    }
  }
}

extension TarArchive: Hashable {
  package static func == (left: TarArchive, right: TarArchive) -> Bool { left === right }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

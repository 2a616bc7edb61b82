import Bundles
import CZlib
import Hashing

/// A bundle taken apart into its sections, and put together again with sizes, offsets and hashes that hold.
///
/// It is written from `docs/format.md` and shares nothing with the reader it tests.
package struct BundleParts {
  package struct Section {
    package var name: String
    /// As in the file's table; what has no such codec is stored raw.
    package var codec: UInt32
    package var raw: [UInt8]
    /// What is stored instead of `raw` as its codec has it.
    package var damaged: [UInt8]?

    package init(name: String, codec: UInt32 = 0, raw: [UInt8]) {
      self.name = name
      self.codec = codec
      self.raw = raw
    }
  }

  package var sections: [Section]

  package init(sections: [Section]) { self.sections = sections }

  /// Nil where the bytes have no table of contents; hashes are not looked at.
  ///
  /// - Parameter limit: the most bytes that a section may be
  package init?(_ file: [UInt8], limit: Int = 1 << 20) {
    guard file.count >= 64, file.starts(with: Array("DERM".utf8)) else { return nil }
    let length = BundleParts.integer(file, 24)
    guard length % 128 == 0, length <= file.count - 64 else { return nil }
    sections = []
    for record in stride(from: 64, to: 64 + length, by: 128) {
      let offset = BundleParts.integer(file, record + 72)
      let stored = BundleParts.integer(file, record + 80)
      guard offset <= file.count, stored <= file.count - offset else { return nil }
      let codec = UInt32(file[record + 64])
      let bytes = Array(file[offset..<offset + stored])
      let name = String(decoding: file[record..<record + 64].prefix { $0 != 0 }, as: UTF8.self)
      guard let raw = BundleParts.decoded(bytes, codec, size: BundleParts.integer(file, record + 88), limit) else {
        return nil
      }
      sections.append(Section(name: name, codec: codec, raw: raw))
    }
  }

  /// The whole file.
  package var bytes: [UInt8] {
    var table: [UInt8] = []
    var contents: [UInt8] = []
    let start = 64 + 128 * sections.count
    for section in sections {
      let encoded = section.damaged ?? section.encoded
      let codec = encoded == nil ? 0 : section.codec
      let stored = encoded ?? section.raw
      contents += [UInt8](repeating: 0, count: (64 - (start + contents.count) % 64) % 64)
      let name = Array(section.name.utf8.prefix(64))
      table += name + [UInt8](repeating: 0, count: 64 - name.count)
      BundleParts.append(Int(codec), 4, &table)
      BundleParts.append(0, 4, &table)
      for number in [start + contents.count, stored.count, section.raw.count] {
        BundleParts.append(number, 8, &table)
      }
      table += SHA256(of: stored).bytes
      contents += stored
    }
    var preamble = Array("DERM".utf8)
    BundleParts.append(1, 4, &preamble)
    for number in [start + contents.count, 64, table.count] { BundleParts.append(number, 8, &preamble) }
    return preamble + SHA256(of: preamble + table).bytes + table + contents
  }

  private static func integer(_ bytes: [UInt8], _ offset: Int) -> Int {
    bytes[offset..<offset + 7].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private static func append(_ number: Int, _ count: Int, _ bytes: inout [UInt8]) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }

  // MARK: Codecs

  private static func decoded(_ stored: [UInt8], _ codec: UInt32, size: Int, _ limit: Int) -> [UInt8]? {
    switch codec {
    case 3: RANSParts.expanded(stored, size: size, limit: limit)
    case 4: WordsParts.expanded(stored, size: size, limit: limit)
    case 1: Zlib.expanded(stored, limit: limit)
    case 2: Zlib.expanded(stored, limit: limit).map(joined)
    case 5: Zlib.expanded(stored, limit: limit, primedBy: TextsDictionary.bytes)
    default: stored
    }
  }

  fileprivate static func split(_ raw: [UInt8]) -> [UInt8] {
    let words = raw.count / 4
    return (0..<4).flatMap { plane in (0..<words).map { raw[4 * $0 + plane] } } + raw[(4 * words)...]
  }

  private static func joined(_ planes: [UInt8]) -> [UInt8] {
    let words = planes.count / 4
    return (0..<words).flatMap { word in (0..<4).map { planes[$0 * words + word] } } + planes[(4 * words)...]
  }
}

extension BundleParts.Section {
  /// The stored form; nil where the codec has none.
  package var encoded: [UInt8]? {
    switch codec {
    case 0: raw
    case 1: Zlib.compressed(raw)
    case 2: Zlib.compressed(BundleParts.split(raw))
    case 3: RANSParts.compressed(raw)
    case 4: WordsParts.compressed(raw)
    case 5: Zlib.compressed(raw, primedBy: TextsDictionary.bytes)
    default: nil
    }
  }
}

/// zlib streams of arrays.
enum Zlib {
  static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    var length = compressBound(uLong(bytes.count))
    var target = [UInt8](repeating: 0, count: Int(length))
    guard compress2(&target, &length, bytes, uLong(bytes.count), 6) == Z_OK else { return nil }
    return Array(target.prefix(Int(length)))
  }

  static func compressed(_ bytes: [UInt8], primedBy text: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard deflateInit_(&stream, 6, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    guard deflateSetDictionary(&stream, text, uInt(text.count)) == Z_OK else { return nil }
    var source = bytes
    var target = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))))
    return source.withUnsafeMutableBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        (stream.next_in, stream.avail_in) = (source.baseAddress, uInt(source.count))
        (stream.next_out, stream.avail_out) = (target.baseAddress, uInt(target.count))
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Array(target.prefix(Int(stream.total_out))) : nil
      }
    }
  }

  static func expanded(_ bytes: [UInt8], limit: Int, primedBy text: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var source = bytes
    var target = [UInt8](repeating: 0, count: limit)
    return source.withUnsafeMutableBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        (stream.next_in, stream.avail_in) = (source.baseAddress, uInt(source.count))
        (stream.next_out, stream.avail_out) = (target.baseAddress, uInt(target.count))
        guard inflate(&stream, Z_FINISH) == Z_NEED_DICT,
          inflateSetDictionary(&stream, text, uInt(text.count)) == Z_OK, inflate(&stream, Z_FINISH) == Z_STREAM_END
        else { return nil }
        return Array(target.prefix(Int(stream.total_out)))
      }
    }
  }

  /// Nil where the stream is damaged or holds more than `limit` bytes.
  static func expanded(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    var length = uLongf(min(limit, bytes.count * 40 + 1024))
    var target = [UInt8](repeating: 0, count: Int(length))
    guard uncompress(&target, &length, bytes, uLong(bytes.count)) == Z_OK else { return nil }
    return Array(target.prefix(Int(length)))
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 { UInt32(truncatingIfNeeded: crc32_z(0, bytes, bytes.count)) }
}

/// A PNG file as its chunks; lengths and checksums are made when it is put together.
struct PNGParts {
  struct Chunk {
    var type: [UInt8]
    var data: [UInt8]
  }

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  var chunks: [Chunk] = []

  init(chunks: [Chunk]) { self.chunks = chunks }

  /// Nil where the bytes are no PNG; chunks that are cut off are left out.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: PNGParts.signature) else { return nil }
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - offset - 12 else { return }
      chunks.append(
        Chunk(type: Array(bytes[offset + 4..<offset + 8]), data: Array(bytes[offset + 8..<offset + 8 + length])))
      offset += 12 + length
    }
  }

  var bytes: [UInt8] {
    chunks.reduce(into: PNGParts.signature) { result, chunk in
      result += PNGParts.bigEndian(UInt32(chunk.data.count)) + chunk.type + chunk.data
      result += PNGParts.bigEndian(Zlib.crc32(chunk.type + chunk.data))
    }
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
  }

  mutating func mutate(_ dice: inout Dice) {
    let index = dice.roll(chunks.count)
    switch dice.roll(6) {
    case 0: dice.shuffle(&chunks)
    case 1: chunks.insert(PNGParts.extra(&dice), at: min(chunks.count, 1 + dice.roll(chunks.count)))
    case 2:
      // The header's small fields: depth, colours, interlacing; or a side.
      guard chunks[0].data.count >= 13 else {
        chunks[0].data = dice.mutated(chunks[0].data)
        return
      }
      let field = dice.roll(13)
      chunks[0].data[field] = UInt8([0, 1, 2, 3, 4, 6, 8, 16, 32][dice.roll(9)])
    case 3:
      // Pixels under the compression.
      guard let data = chunks.firstIndex(where: { $0.type == Array("IDAT".utf8) }),
        let rows = Zlib.expanded(chunks[data].data, limit: 1 << 18), let packed = Zlib.compressed(dice.mutated(rows))
      else { return }
      chunks[data].data = packed
    default: chunks[index].data = dice.mutated(chunks[index].data)
    }
  }

  /// A chunk beside the image: text, colours, profiles, whose readers are not ours.
  private static func extra(_ dice: inout Dice) -> Chunk {
    let types = [
      "tEXt", "zTXt", "iTXt", "iCCP", "PLTE", "tRNS", "gAMA", "cHRM", "sBIT", "eXIf", "hIST", "sPLT", "IDAT",
    ]
    let text = [UInt8](repeating: UInt8(dice.roll(256)), count: dice.oneIn(8) ? 1 << 14 : dice.roll(40))
    var data = text
    switch dice.roll(3) {
    case 0: data = Array("key\0\0".utf8) + (Zlib.compressed(text) ?? [])
    case 1: data = Array("key\0\u{1}\0en\0k\0".utf8) + (Zlib.compressed(text) ?? [])
    default: break
    }
    return Chunk(type: Array((dice.pick(types) ?? "tEXt").utf8), data: data)
  }

  /// Small images of every colour type and depth.
  static var seeds: [[UInt8]] {
    [(0, 1, 1), (0, 16, 2), (2, 8, 3), (3, 4, 1), (4, 8, 2), (6, 16, 8)].flatMap { colours, depth, bytes in
      [UInt8(0), 1].map { interlaced in
        let row = [UInt8(0)] + [UInt8](repeating: 1, count: 5 * bytes)
        let header = bigEndian(5) + bigEndian(4) + [UInt8(depth), UInt8(colours), 0, 0, interlaced]
        var chunks = [Chunk(type: Array("IHDR".utf8), data: header)]
        if colours == 3 { chunks.append(Chunk(type: Array("PLTE".utf8), data: [UInt8](repeating: 7, count: 48))) }
        let rows = (0..<8).flatMap { _ in row }
        chunks.append(Chunk(type: Array("IDAT".utf8), data: Zlib.compressed(rows) ?? []))
        chunks.append(Chunk(type: Array("IEND".utf8), data: []))
        return PNGParts(chunks: chunks).bytes
      }
    }
  }
}

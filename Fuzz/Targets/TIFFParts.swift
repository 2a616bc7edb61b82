/// A little-endian TIFF file whose first directory is changed entry by entry, in place.
struct TIFFParts {
  private(set) var bytes: [UInt8]
  /// Where the entries of the first directory begin.
  private let entries: [Int]

  /// Nil where the bytes are no such file.
  init?(_ bytes: [UInt8]) {
    guard bytes.count > 8, bytes.starts(with: [0x49, 0x49, 42, 0]) else { return nil }
    self.bytes = bytes
    let start = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
    guard start + 2 <= bytes.count else { return nil }
    let count = Int(bytes[start]) | Int(bytes[start + 1]) << 8
    entries = (0..<count).map { start + 2 + 12 * $0 }.filter { $0 + 12 <= bytes.count }
    if entries.isEmpty { return nil }
  }

  mutating func mutate(_ dice: inout Dice) {
    guard let entry = dice.pick(entries) else { return }
    switch dice.roll(6) {
    case 0: put(dice.pick(Self.tags) ?? 0, 2, at: entry)
    case 1: put(dice.pick([1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16]) ?? 0, 2, at: entry + 2)
    case 2: put(dice.integer(), 4, at: entry + 4)
    case 3, 4: put(dice.pick(Self.values) ?? 0, 4, at: entry + 8)
    default:
      let changed = dice.mutated(Array(bytes[8...]))
      bytes.replaceSubrange(8..., with: changed)
    }
  }

  private mutating func put(_ value: Int, _ count: Int, at offset: Int) {
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
  }

  /// Those that say what the pixels are and where, and orientation and XMP.
  private static let tags = [
    256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 347, 530, 532,
    700,
  ]

  /// Kinds of compression and colours, depths, sizes.
  private static let values = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 32, 64, 255, 256, 32773, 32946, 34712, 50000, 0xFFFF, 0x1_0000,
    0x7FFF_FFFF, 0xFFFF_FFFF,
  ]
}

/// PNG files that tests make.
enum PNG {
  /// An image of 8-bit colours, not compressed: at most 65,535 bytes with one more for each row.
  static func rgb(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    var rows: [UInt8] = []
    for row in 0..<height { rows += [0] + pixels[row * 3 * width..<(row + 1) * 3 * width] }
    let size = UInt16(rows.count)
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in rows {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    let sizes = [size, ~size].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header: [[UInt8]] = [bigEndian(UInt32(width)), bigEndian(UInt32(height)), [8, 2, 0, 0, 0]]
    let stored: [[UInt8]] = [[0x78, 1, 1], sizes, rows, bigEndian(b << 16 | a)]
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let chunks = [chunk("IHDR", header), chunk("IDAT", stored), chunk("IEND", [])]
    return signature + chunks.flatMap { $0 }
  }

  private static func chunk(_ type: String, _ parts: [[UInt8]]) -> [UInt8] {
    let bytes = parts.flatMap { $0 }
    let body = Array(type.utf8) + bytes
    var check: UInt32 = 0xFFFF_FFFF
    for byte in body {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check >> 1 ^ (check & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return bigEndian(UInt32(bytes.count)) + body + bigEndian(~check)
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// Codec 4 of bundles, with one run of unit 1 and base 0 and symbols as they are. Written from `docs/format.md` like
/// `BundleParts`, plain and slow.
enum WordsParts {
  // MARK: Writing

  static func compressed(_ raw: [UInt8]) -> [UInt8]? {
    let count = raw.count / 4
    guard count > 0 else { return nil }
    var symbols: [UInt8] = []
    var bits = BitList()
    bits.append(golomb: (count - 1) / 16, order: 2)
    bits.append(0, 5)
    bits.append(golomb: 0, order: 0)
    bits.append(golomb: 0, order: 8)
    for index in 0..<count {
      let pattern = (0..<4).reduce(UInt32(0)) { $0 | UInt32(raw[4 * index + $1]) << UInt32(8 * $1) }
      let word = Int(Int32(bitPattern: pattern))
      var low = 0
      while abs(word) >> low > 7 { low += 1 }
      let symbol = abs(word) < 8 ? abs(word) : 4 * low + abs(word) >> low
      symbols.append(UInt8(truncatingIfNeeded: word < 0 ? -symbol : symbol))
      bits.append(abs(word), low)
    }
    for byte in raw[(4 * count)...] { bits.append(Int(byte), 8) }
    let length = (0..<4).map { UInt8(count >> (8 * $0) & 255) }
    return length + symbols + bits.bytes
  }

  // MARK: Reading

  /// Nil where the bytes are damaged, or hold more than `limit`.
  static func expanded(_ stored: [UInt8], size: Int, limit: Int) -> [UInt8]? {
    guard size > 0, size <= limit, stored.count >= 4 else { return nil }
    let length = (0..<4).reduce(0) { $0 | Int(stored[$1]) << (8 * $1) }
    guard length <= stored.count - 4 else { return nil }
    var symbols: [UInt8]? = Array(stored[4..<4 + length])
    if length != size / 4 { symbols = RANSParts.expanded(symbols ?? [], size: size / 4, limit: limit) }
    guard let symbols else { return nil }
    var bits = BitList(bytes: Array(stored[(4 + length)...]))
    var raw: [UInt8] = []
    var left = 0
    var (unit, base) = (1, 0)
    for symbol in symbols {
      if left == 0 {
        guard let more = bits.golomb(2), let shift = bits.number(5), let factor = bits.golomb(0), factor < 1 << 30,
          let code = bits.golomb(8), more <= (symbols.count - 1 - raw.count / 4) / 16
        else { return nil }
        left = 16 * (more + 1)
        unit = (2 * factor + 1) << shift
        base = code % 2 == 0 ? code / 2 : -(code + 1) / 2
      }
      left -= 1
      var word = 0
      if symbol != 128 {
        let magnitude = Int(min(symbol, 0 &- symbol))
        let low = max(0, magnitude / 4 - 1)
        guard let rest = bits.number(low) else { return nil }
        let difference = (magnitude - 4 * low) << low | rest
        let (product, overflow) = unit.multipliedReportingOverflow(by: base + (symbol < 128 ? difference : -difference))
        guard !overflow, Int32(exactly: product) != nil else { return nil }
        word = product
      }
      raw += (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    for _ in raw.count..<size {
      guard let byte = bits.number(8) else { return nil }
      raw.append(UInt8(byte))
    }
    return bits.isAtEnd ? raw : nil
  }
}

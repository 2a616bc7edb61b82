extension Words {
  /// Writes what coded bytes stand for to `raw`. False unless they stand for exactly that many bytes; then some may
  /// have been written.
  package static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    guard raw.count > 0, stored.count >= countBytes else { return false }
    let symbolBytes = (0..<countBytes).reduce(0) { $0 | Int(stored[$1]) << (8 * $1) }
    guard symbolBytes <= stored.count - countBytes else { return false }
    let symbols = UnsafeRawBufferPointer(rebasing: stored[countBytes..<countBytes + symbolBytes])
    let rest = UnsafeRawBufferPointer(rebasing: stored[(countBytes + symbolBytes)...])
    let count = raw.count / size
    if symbolBytes == count { return decode(symbols, rest, into: raw) }
    var isWhole = false
    let decoded = [UInt8](unsafeUninitializedCapacity: count) { target, written in
      isWhole = RANS.decode(symbols, into: UnsafeMutableRawBufferPointer(target))
      written = isWhole ? count : 0
    }
    return isWhole && decoded.withUnsafeBytes { decode($0, rest, into: raw) }
  }

  /// - Parameters:
  ///   - symbols: one for each word
  ///   - rest: the bits of runs, differences, and bytes that are no word
  private static func decode(
    _ symbols: UnsafeRawBufferPointer, _ rest: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var bits = BitReader(rest)
    var start = 0
    while start < symbols.count {
      guard let more = bits.golomb(order: runOrder), more <= (symbols.count - 1 - start) / blockSize,
        let scheme = Scheme(&bits)
      else { return false }
      let end = min(symbols.count, start + (more + 1) * blockSize)
      for index in start..<end {
        guard let word = scheme.word(Int(Int8(bitPattern: symbols[index])), &bits) else { return false }
        raw.storeBytes(of: word.littleEndian, toByteOffset: size * index, as: Int32.self)
      }
      start = end
    }
    for index in size * symbols.count..<raw.count {
      guard let byte = bits.number(bits: 8) else { return false }
      raw[index] = UInt8(byte)
    }
    return bits.bytesRead == rest.count && bits.endsInZeros
  }
}

extension Words.Scheme {
  /// Nil unless the next bits are a unit and a base.
  fileprivate init?(_ bits: inout BitReader) {
    guard let shift = bits.number(bits: Words.shiftBits), let factor = bits.golomb(order: Words.factorOrder),
      factor < 1 << 30, let base = bits.golomb(order: Words.baseOrder)
    else { return nil }
    unit = (2 * factor + 1) << shift
    self.base = base % 2 == 0 ? base / 2 : -(base + 1) / 2
  }

  /// The word of a symbol; nil where it is none, bits are missing, or it is beyond 32 bits.
  @inline(__always)
  fileprivate func word(_ symbol: Int, _ bits: inout BitReader) -> Int32? {
    if symbol == Words.zero { return 0 }
    let number = abs(symbol)
    let lowBits = max(0, number / 4 - 1)
    guard let low = bits.number(bits: lowBits) else { return nil }
    let magnitude = (number - 4 * lowBits) << lowBits | low
    let (word, overflow) = unit.multipliedReportingOverflow(by: symbol < 0 ? base - magnitude : base + magnitude)
    return overflow ? nil : Int32(exactly: word)
  }
}

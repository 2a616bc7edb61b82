import CKernels

extension RANS {
  /// Writes what coded bytes stand for to `raw`. False unless they stand for exactly that many bytes; then some may
  /// have been written.
  package static func decode(_ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer) -> Bool {
    decode(stored, into: raw, ck_rans_decoder_for(ck_features_allowed()).pointee)
  }

  static func decode(
    _ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer, _ decoder: ck_rans_decoder
  ) -> Bool {
    guard raw.count > 0, let section = CodedSection(stored, tableNumbers: raw) else { return false }
    return section.chunks.allSatisfy { section.decode($0, of: stored, into: raw, decoder) }
  }
}

/// The head of coded bytes: tables, and where chunks lie.
private struct CodedSection {
  /// The tables to decode with, one after the other.
  private let slots: [UInt32]
  let chunks: [Chunk]

  struct Chunk {
    let raw: Range<Int>
    /// Where its states and words lie in the coded bytes.
    let stored: Range<Int>
  }

  /// Nil where the head is none, or what comes after it has another length than it says.
  ///
  /// - Parameter tableNumbers: receives for each byte the number of its table, which decoding replaces by the byte
  init?(_ stored: UnsafeRawBufferPointer, tableNumbers raw: UnsafeMutableRawBufferPointer) {
    var bits = BitReader(stored)
    guard let last = bits.number(bits: RANS.tableCountBits) else { return nil }
    var tables: [Frequencies] = []
    for _ in 0...last {
      guard let table = Frequencies(&bits) else { return nil }
      tables.append(table)
    }
    guard CodedSection.readTableNumbers(&bits, tables: tables.count, into: raw) else { return nil }

    var chunks: [Chunk] = []
    var start = 0
    for range in RANS.chunks(of: raw.count) {
      guard let words = bits.number(bits: RANS.wordCountBits) else { return nil }
      let end = start + 4 * RANS.lanes + 2 * words
      chunks.append(Chunk(raw: range, stored: start..<end))
      start = end
    }
    let head = bits.bytesRead
    guard bits.endsInZeros, head + start == stored.count else { return nil }
    self.chunks = chunks.map {
      Chunk(raw: $0.raw, stored: head + $0.stored.lowerBound..<head + $0.stored.upperBound)
    }
    var isMade = true
    slots = [UInt32](unsafeUninitializedCapacity: tables.count * Frequencies.total) { slots, written in
      for (index, table) in tables.enumerated() {
        guard let target = slots.baseAddress.map({ $0 + index * Frequencies.total }) else { return }
        isMade = isMade && ck_rans_make_table(table.ofByte, target) != 0
      }
      written = isMade ? slots.count : 0
    }
    guard isMade else { return nil }
  }

  /// Reads the lengths of rows, then the number of each one's table. False where rows do not make up all bytes.
  private static func readTableNumbers(
    _ bits: inout BitReader, tables: Int, into raw: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard tables > 1 else {
      raw.initializeMemory(as: UInt8.self, repeating: 0)
      return true
    }
    // Lengths are read twice: to find where they end, and row by row.
    var lengths = bits
    var size = 0
    while size < raw.count {
      guard let group = rowGroup(&bits, bytes: raw.count - size) else { return false }
      size += group.count * group.length
    }
    var expected = Expectation(scale: RANS.tableScale)
    var start = 0
    while start < raw.count {
      guard let group = rowGroup(&lengths, bytes: raw.count - start) else { return false }
      for _ in 0..<group.count {
        guard let table = expected.read(&bits, below: tables) else { return false }
        let row = UnsafeMutableRawBufferPointer(rebasing: raw[start..<start + group.length])
        row.initializeMemory(as: UInt8.self, repeating: UInt8(table))
        start += group.length
      }
    }
    return true
  }

  /// Neighbouring rows of one length; nil unless they are of at most so many bytes.
  private static func rowGroup(_ bits: inout BitReader, bytes: Int) -> (count: Int, length: Int)? {
    guard let more = bits.golomb(order: RANS.rowCountOrder), let rest = bits.golomb(order: RANS.rowLengthOrder),
      rest < bytes, more < bytes / (rest + 1)
    else { return nil }
    return (more + 1, rest + 1)
  }

  /// False where the words are too few or too many, or do not end where encoding began.
  func decode(
    _ chunk: Chunk, of stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer,
    _ decoder: ck_rans_decoder
  ) -> Bool {
    guard let target = raw.bindMemory(to: UInt8.self).baseAddress,
      let source = stored.bindMemory(to: UInt8.self).baseAddress
    else { return false }
    return withUnsafeTemporaryAllocation(of: ck_rans_stream.self, capacity: 1) { memory in
      guard let stream = memory.baseAddress,
        ck_rans_begin(stream, source + chunk.stored.lowerBound, chunk.stored.count) != 0
      else { return false }
      return slots.withUnsafeBufferPointer { slots in
        guard let tables = slots.baseAddress else { return false }
        return decoder.decode(stream, tables, chunk.raw.count, target + chunk.raw.lowerBound) != 0
          && ck_rans_is_at_end(stream) != 0
      }
    }
  }
}

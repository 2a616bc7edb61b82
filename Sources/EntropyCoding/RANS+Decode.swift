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
    guard raw.count > 0, let section = CodedSection(stored, size: raw.count) else { return false }
    return section.chunks.allSatisfy { section.decode($0, of: stored, into: raw, decoder) }
  }
}

/// The head of coded bytes: tables, where they are used, and where chunks lie.
private struct CodedSection {
  /// The tables to decode with, one after the other.
  private let slots: [UInt32]
  private let runs: [Run]
  let chunks: [Chunk]

  /// Neighbouring blocks of one table; a run ends where a chunk ends, too.
  private struct Run {
    let table: UInt8
    let blocks: UInt32
  }

  struct Chunk {
    let raw: Range<Int>
    /// Where its states and words lie in the coded bytes.
    let stored: Range<Int>
    fileprivate let runs: Range<Int>
  }

  /// Nil where the head is none, or what comes after it has another length than it says.
  init?(_ stored: UnsafeRawBufferPointer, size: Int) {
    var bits = BitReader(stored)
    guard let last = bits.number(bits: RANS.tableCountBits) else { return nil }
    let count = last + 1
    var tables: [Frequencies] = []
    for _ in 0..<count {
      guard let table = Frequencies(&bits) else { return nil }
      tables.append(table)
    }

    let ranges = RANS.chunks(of: size)
    var runs: [Run] = []
    var runsOfChunks: [Range<Int>] = []
    var position = 0
    while position < size {
      guard let more = bits.golomb(order: RANS.runOrder), let table = bits.number(bits: RANS.tableBits(count)),
        table < count, more <= (size - 1 - position) / Contexts.blockSize
      else { return nil }
      let end = min(size, position + (more + 1) * Contexts.blockSize)
      while position < end {
        let border = ranges[runsOfChunks.count].upperBound
        let next = min(end, border)
        let blocks = (next - position + Contexts.blockSize - 1) / Contexts.blockSize
        runs.append(Run(table: UInt8(table), blocks: UInt32(blocks)))
        position = next
        if next == border { runsOfChunks.append((runsOfChunks.last?.upperBound ?? 0)..<runs.count) }
      }
    }

    var chunks: [Chunk] = []
    var start = 0
    for (raw, runs) in zip(ranges, runsOfChunks) {
      guard let words = bits.number(bits: RANS.wordCountBits) else { return nil }
      let end = start + 4 * RANS.lanes + 2 * words
      chunks.append(Chunk(raw: raw, stored: start..<end, runs: runs))
      start = end
    }
    let head = bits.bytesRead
    guard bits.endsInZeros, head + start == stored.count else { return nil }
    self.chunks = chunks.map {
      Chunk(raw: $0.raw, stored: head + $0.stored.lowerBound..<head + $0.stored.upperBound, runs: $0.runs)
    }
    self.runs = runs
    var isMade = true
    slots = [UInt32](unsafeUninitializedCapacity: count * Frequencies.total) { slots, written in
      for (index, table) in tables.enumerated() {
        guard let target = slots.baseAddress.map({ $0 + index * Frequencies.total }) else { return }
        isMade = isMade && ck_rans_make_table(table.ofByte, target) != 0
      }
      written = isMade ? slots.count : 0
    }
    guard isMade else { return nil }
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
        var position = chunk.raw.lowerBound
        for run in runs[chunk.runs] {
          let count = min(Int(run.blocks) * Contexts.blockSize, chunk.raw.upperBound - position)
          let table = tables + Int(run.table) * Frequencies.total
          guard decoder.decode(stream, table, count, target + position) != 0 else { return false }
          position += count
        }
        return ck_rans_is_at_end(stream) != 0
      }
    }
  }
}

package import Tensors

extension RANS {
  /// The coded form, the same for the same bytes and rows everywhere; nil when it is not smaller.
  ///
  /// - Parameter rows: those of as many bytes as there are
  package static func encode(_ raw: UnsafeRawBufferPointer, rows: Rows) -> Buffer? {
    precondition(rows.size == raw.count, "rows of other bytes")
    guard raw.count > 1 else { return nil }
    let ranges = rows.ranges
    let contexts = Contexts(raw, ranges)
    let tables = contexts.counts.map { Frequencies(counts: $0) }
    var bits = BitWriter()
    bits.append(tables.count - 1, bits: tableCountBits)
    for table in tables { table.write(to: &bits) }
    if tables.count > 1 {
      for group in rows.groups {
        bits.append(golomb: group.count - 1, order: rowCountOrder)
        bits.append(golomb: group.length - 1, order: rowLengthOrder)
      }
      var expected = Expectation(scale: tableScale)
      for table in contexts.ofRow { expected.write(Int(table), to: &bits) }
    }
    let symbols = tables.flatMap { table in
      var start: UInt32 = 0
      return table.ofByte.map { frequency in
        defer { start += UInt32(frequency) }
        return Symbol(frequency: UInt32(frequency), start: start)
      }
    }
    var coded: [UInt8] = []
    coded.reserveCapacity(raw.count)
    var tableOfByte = [UInt8](repeating: 0, count: min(raw.count, chunkSize))
    var row = 0
    for chunk in chunks(of: raw.count) {
      // Rows may go on in the next chunk.
      while row < ranges.count, ranges[row].lowerBound < chunk.upperBound {
        let part = ranges[row].clamped(to: chunk)
        for index in part { tableOfByte[index - chunk.lowerBound] = contexts.ofRow[row] }
        guard ranges[row].upperBound <= chunk.upperBound else { break }
        row += 1
      }
      let (states, words) = encode(raw, chunk, tableOfByte, symbols)
      bits.append(words.count, bits: wordCountBits)
      for state in states { for shift in [0, 8, 16, 24] { coded.append(UInt8(truncatingIfNeeded: state >> shift)) } }
      // They were made from the last to the first.
      for word in words.reversed() {
        coded.append(UInt8(truncatingIfNeeded: word))
        coded.append(UInt8(truncatingIfNeeded: word >> 8))
      }
      guard bits.bytes.count + coded.count < raw.count else { return nil }
    }
    return Buffer(count: bits.bytes.count + coded.count, isZeroed: false) { target in
      target.copyBytes(from: bits.bytes)
      UnsafeMutableRawBufferPointer(rebasing: target[bits.bytes.count...]).copyBytes(from: coded)
    }
  }

  /// A byte's slots of a table.
  private struct Symbol {
    let frequency: UInt32
    let start: UInt32
  }

  /// A chunk, from its last byte to its first: the states to begin decoding with, and the words, the last first.
  ///
  /// - Parameters:
  ///   - tableOfByte: the number of the table of each byte of the chunk
  ///   - symbols: 256 for each table
  private static func encode(
    _ raw: UnsafeRawBufferPointer, _ chunk: Range<Int>, _ tableOfByte: [UInt8], _ symbols: [Symbol]
  ) -> (states: [UInt32], words: [UInt16]) {
    var states = [UInt32](repeating: lowest, count: lanes)
    let words = [UInt16](unsafeUninitializedCapacity: chunk.count) { words, count in
      symbols.withUnsafeBufferPointer { symbols in
        tableOfByte.withUnsafeBufferPointer { tableOfByte in
          states.withUnsafeMutableBufferPointer { states in
            for index in chunk.reversed() {
              let table = Int(tableOfByte[index - chunk.lowerBound])
              let symbol = symbols[table << 8 | Int(raw[index])]
              var state = states[index % lanes]
              // Decoding has to find a state of at least 2^16 before the word, and below it without.
              if state >> 20 >= symbol.frequency {
                words[count] = UInt16(truncatingIfNeeded: state)
                count += 1
                state >>= 16
              }
              let (quotient, remainder) = state.quotientAndRemainder(dividingBy: symbol.frequency)
              states[index % lanes] = (quotient << 12) + remainder + symbol.start
            }
          }
        }
      }
    }
    return (states, words)
  }
}

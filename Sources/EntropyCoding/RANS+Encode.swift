package import Tensors

extension RANS {
  /// The coded form, the same for the same bytes everywhere; nil when it is not smaller.
  package static func encode(_ raw: UnsafeRawBufferPointer) -> Buffer? {
    guard raw.count > 1 else { return nil }
    let contexts = Contexts(raw)
    let tables = contexts.counts.map { Frequencies(counts: $0) }
    var bits = BitWriter()
    bits.append(tables.count - 1, bits: tableCountBits)
    for table in tables { table.write(to: &bits) }
    for run in contexts.runs {
      bits.append(golomb: run.blocks - 1, order: runOrder)
      bits.append(run.context, bits: tableBits(tables.count))
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
    for chunk in chunks(of: raw.count) {
      let (states, words) = encode(raw, chunk, contexts.ofBlock, symbols)
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
  /// - Parameter symbols: 256 for each table
  private static func encode(
    _ raw: UnsafeRawBufferPointer, _ chunk: Range<Int>, _ tableOfBlock: [UInt8], _ symbols: [Symbol]
  ) -> (states: [UInt32], words: [UInt16]) {
    var states = [UInt32](repeating: lowest, count: lanes)
    let words = [UInt16](unsafeUninitializedCapacity: chunk.count) { words, count in
      symbols.withUnsafeBufferPointer { symbols in
        states.withUnsafeMutableBufferPointer { states in
          let first = chunk.lowerBound / Contexts.blockSize
          for block in (first...(chunk.upperBound - 1) / Contexts.blockSize).reversed() {
            let table = Int(tableOfBlock[block]) << 8
            let start = block * Contexts.blockSize
            for index in (start..<min(chunk.upperBound, start + Contexts.blockSize)).reversed() {
              let symbol = symbols[table | Int(raw[index])]
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

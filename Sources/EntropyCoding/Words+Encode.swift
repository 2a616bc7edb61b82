package import Tensors

extension Words {
  /// The coded form, the same for the same bytes and tensors everywhere; nil when it is not smaller than `limit`.
  ///
  /// - Parameter tensors: where tensors begin, in ascending order: multiples of 64 bytes
  package static func encode(_ raw: UnsafeRawBufferPointer, tensors: [Int], below limit: Int) -> Buffer? {
    let count = raw.count / size
    guard count > 0 else { return nil }
    let runs = runs(of: raw, tensors)
    var bits = BitWriter()
    var isSmall = true
    let symbols = [UInt8](unsafeUninitializedCapacity: count) { symbols, written in
      for run in runs where isSmall {
        write(run, to: &bits)
        for index in run.words {
          let word = word(index, of: raw)
          guard word != 0 || run.scheme.base == 0 else {
            symbols[index] = UInt8(truncatingIfNeeded: zero)
            continue
          }
          let difference = word / run.scheme.unit - run.scheme.base
          let (symbol, lowBits) = symbol(of: difference)
          symbols[index] = UInt8(truncatingIfNeeded: symbol)
          bits.append(abs(difference), bits: lowBits)
        }
        isSmall = bits.bytes.count < limit
      }
      written = isSmall ? count : 0
    }
    guard isSmall else { return nil }
    for byte in raw[(size * count)...] { bits.append(Int(byte), bits: 8) }

    let coded = symbols.withUnsafeBytes { RANS.encode($0, rows: Rows(size: count)) }
    let symbolBytes = coded?.count ?? count
    let total = countBytes + symbolBytes + bits.bytes.count
    guard total < limit, symbolBytes >> (8 * countBytes) == 0 else { return nil }
    return Buffer(count: total, isZeroed: false) { target in
      for index in 0..<countBytes { target[index] = UInt8(truncatingIfNeeded: symbolBytes >> (8 * index)) }
      let place = UnsafeMutableRawBufferPointer(rebasing: target[countBytes..<countBytes + symbolBytes])
      if let coded { coded.withBytes { place.copyMemory(from: $0) } } else { place.copyBytes(from: symbols) }
      UnsafeMutableRawBufferPointer(rebasing: target[(countBytes + symbolBytes)...]).copyBytes(from: bits.bytes)
    }
  }

  private static func write(_ run: Run, to bits: inout BitWriter) {
    let shift = run.scheme.unit.trailingZeroBitCount
    bits.append(golomb: (run.words.count - 1) / blockSize, order: runOrder)
    bits.append(shift, bits: shiftBits)
    bits.append(golomb: run.scheme.unit >> (shift + 1), order: factorOrder)
    bits.append(golomb: run.scheme.base < 0 ? -2 * run.scheme.base - 1 : 2 * run.scheme.base, order: baseOrder)
  }

  @inline(__always)
  private static func word(_ index: Int, of raw: UnsafeRawBufferPointer) -> Int {
    Int(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: size * index, as: Int32.self)))
  }

  // MARK: Runs

  private struct Run {
    var words: Range<Int>
    var scheme: Scheme
  }

  /// About the bits that describing a run takes.
  private static let runBits = 40

  /// Words of tensors that are joined, at most: each time all of them are looked at.
  private static let joinable = 4096

  /// A run for each tensor, but that small neighbours are joined where that takes less than two descriptions.
  private static func runs(of raw: UnsafeRawBufferPointer, _ tensors: [Int]) -> [Run] {
    let count = raw.count / size
    var runs: [Run] = []
    var numbers: [Int] = []
    let starts = [0] + tensors.map { $0 / (size * blockSize) * blockSize }.filter { (1..<count).contains($0) }
    for (start, end) in zip(starts, starts.dropFirst() + [count]) where start < end {
      let own = Run(words: start..<end, scheme: scheme(of: start..<end, raw, &numbers))
      if let last = runs.last, end - last.words.lowerBound <= joinable {
        let both = last.words.lowerBound..<end
        let joint = Run(words: both, scheme: scheme(of: both, raw, &numbers))
        if bits(of: joint, raw) <= bits(of: last, raw) + bits(of: own, raw) + runBits {
          runs[runs.count - 1] = joint
          continue
        }
      }
      runs.append(own)
    }
    return runs
  }

  /// Words that a median is taken of at most.
  private static let sampleSize = 4096

  /// The largest unit of some words, and the base in their middle.
  private static func scheme(of words: Range<Int>, _ raw: UnsafeRawBufferPointer, _ numbers: inout [Int]) -> Scheme {
    var unit = 0
    for index in words where unit != 1 { unit = divisor(unit, word(index, of: raw)) }
    unit = max(1, unit)
    numbers.removeAll(keepingCapacity: true)
    for index in stride(from: words.lowerBound, to: words.upperBound, by: words.count / sampleSize + 1) {
      let number = word(index, of: raw) / unit
      if number != 0 { numbers.append(number) }
    }
    numbers.sort()
    return Scheme(unit: unit, base: numbers.isEmpty ? 0 : numbers[numbers.count / 2])
  }

  /// About what the words of a run take.
  private static func bits(of run: Run, _ raw: UnsafeRawBufferPointer) -> Int {
    run.words.reduce(0) { bits, index in
      let word = word(index, of: raw)
      return word == 0 ? bits : bits + 1 + bitLength(abs(word / run.scheme.unit - run.scheme.base))
    }
  }

  /// The greatest common divisor; with 0 the magnitude of the other number.
  private static func divisor(_ first: Int, _ second: Int) -> Int {
    var (a, b) = (abs(first), abs(second))
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

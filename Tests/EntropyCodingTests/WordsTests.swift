import Hashing
import Tensors
import Testing

@testable import EntropyCoding

@Suite struct WordsTests {
  /// - Parameter length: words of each tensor
  private func coded(_ raw: [UInt8], length: Int = 512) -> [UInt8]? {
    let tensors = Array(stride(from: 0, to: raw.count, by: 4 * length))
    return raw.withUnsafeBytes { Words.encode($0, tensors: tensors, below: raw.count)?.withBytes(Array.init) }
  }

  /// Bytes before and after the target must stay as they were.
  private func decoded(_ stored: [UInt8], size: Int) -> [UInt8]? {
    var target = [UInt8](repeating: 0xA5, count: size + 128)
    let isWhole = target.withUnsafeMutableBytes { target in
      stored.withUnsafeBytes { Words.decode($0, into: UnsafeMutableRawBufferPointer(rebasing: target[64..<64 + size])) }
    }
    #expect(target[..<64].allSatisfy { $0 == 0xA5 } && target[(64 + size)...].allSatisfy { $0 == 0xA5 })
    return isWhole ? Array(target[64..<64 + size]) : nil
  }

  private func bytes(_ words: [Int32]) -> [UInt8] { words.map(\.littleEndian).withUnsafeBytes { Array($0) } }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 1000, 4099, 70_000])
  func wordsComeBack(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    for (index, words) in samples(count, &random).enumerated() {
      for extra in 0..<4 {
        let raw = bytes(words) + [UInt8](repeating: 0xC3, count: extra)
        guard let stored = coded(raw) else {
          #expect(count < 100 || index == Kind.noise, "sample \(index) of \(count) words")
          continue
        }
        #expect(stored.count < raw.count && raw.count <= Words.largestRaw(stored: stored.count))
        #expect(decoded(stored, size: raw.count) == raw, "sample \(index) of \(count) words")
        for size in [raw.count - 1, raw.count + 1, 1] where size != raw.count {
          #expect(decoded(stored, size: size) == nil)
        }
        #expect(decoded(stored + [0], size: raw.count) == nil)
        #expect(decoded(stored.dropLast(), size: raw.count) == nil)
      }
    }
    #expect(decoded([], size: 4 * count) == nil)
    #expect(decoded([], size: 0) == nil)
  }

  @Test func everyDifferenceHasASymbolOfItsOwn() {
    for difference in [0, 1, 3, 4, 7, 8, 9, 15, 16, 31, 32, 1000, 1 << 31 - 1, 1 << 31, 1 << 32 - 1] {
      let (symbol, lowBits) = Words.symbol(of: difference)
      #expect((0...123).contains(symbol) && lowBits == max(0, symbol / 4 - 1))
      #expect((symbol - 4 * lowBits) << lowBits | difference & (1 << lowBits - 1) == difference)
      #expect(Words.symbol(of: -difference).symbol == -symbol)
    }
  }

  /// What `docs/format.md` shows: other readers rely on it.
  @Test func theDocumentedExamplesAreWrittenAndRead() throws {
    var state = 1
    let numbers = (0..<20_480).map { _ in
      state = (1_103_515_245 * state + 12_345) % (1 << 31)
      return state >> 16
    }
    let short = bytes(
      numbers.prefix(48).enumerated().map { index, number in
        Int32(index < 32 ? (1000 + number % 5) << 20 : 96 * (number % 41 - 20))
      })
    let text = """
      30000000010101feff00fe0200ff020002fefe01020100ffff01feff0002fffe00ff02fe06f6f7f5f6f9f50d000207f50df4000d
      b488d485507d8840
      """
    let stored = try #require(coded(short, length: 32))
    #expect(
      stored.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        == text.filter { !$0.isWhitespace })
    #expect(decoded(stored, size: short.count) == short)

    let long = bytes(
      numbers.enumerated().map { index, number -> Int32 in
        let isScale = index / 512 % 2 == 0
        let scale = (1000 + index / 512 + number % 9 - 4) << 20
        let weight = (8 + index / 1024) * (number % 101 * (number % 17) - 600)
        return Int32(isScale ? scale : weight)
      })
    let packed = try #require(coded(long, length: 512))
    #expect(packed.count == 17538)
    #expect(SHA256(of: packed).hex == "ea362cfed1fe4c87b0d0041c615e83c45e753a221b3bf04dea503e37aca4ee06")
    #expect(decoded(packed, size: long.count) == long)
  }

  /// Scales of float32 with three bits of mantissa take what the entropy of their differences says, layers of other
  /// middles a description each; zeros between them hardly anything.
  @Test func scalesOnAGridTakeTheirEntropy() throws {
    var random = Generator(seed: 11)
    let layers = 40
    let words = (0..<layers).flatMap { layer in
      let base = 900 + Int.random(in: 0...150, using: &random)
      return (0..<480).map { index in
        index < 472 ? Int32(base + Int(random.next() & 7) + Int(random.next() & 7)) << 20 : 0
      }
    }
    // A sum of two of eight equally frequent numbers has 3.702 bits; zeros and a description take twelve bytes a layer,
    // lanes and a table two hundred.
    let entropy = layers * 472 * 3702 / 8000
    let stored = try #require(coded(bytes(words), length: 480)).count
    #expect(stored > entropy && stored < entropy + layers * 12 + 300, "\(stored) bytes, \(entropy) of entropy")
  }

  /// A unit that is no power of two is found, and makes numbers small.
  @Test func unitsAreFound() throws {
    var random = Generator(seed: 12)
    let numbers = (0..<4000).map { _ in Int32.random(in: -500...500, using: &random) }
    let plain = try #require(coded(bytes(numbers))).count
    for unit: Int32 in [3, 96, 1 << 20, 2_000_001] {
      #expect(try #require(coded(bytes(numbers.map { $0 * unit }))).count < plain + 16, "unit \(unit)")
    }
  }

  /// Nothing is written that is not smaller than what another codec has made.
  @Test func theLimitHolds() throws {
    let raw = bytes((0..<1000).map { Int32($0 % 7) })
    let count = try #require(coded(raw)).count
    for (limit, isNil) in [(count, true), (count + 1, false), (1, true), (0, true)] {
      #expect((raw.withUnsafeBytes { Words.encode($0, tensors: [0, 2048], below: limit) } == nil) == isNil)
    }
  }

  /// Whatever bytes are given: they are refused, or give as many as asked for, written nowhere else.
  @Test func damagedBytesAreRefusedOrDecoded() throws {
    var random = Generator(seed: 13)
    for words in samples(1500, &random) {
      guard let stored = coded(bytes(words)) else { continue }
      for round in 0..<400 {
        var changed = stored
        for _ in 0...Int.random(in: 0...2, using: &random) {
          let end = round % 2 == 0 ? min(60, changed.count) : changed.count
          changed[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if round % 5 == 0 { changed.removeLast(Int.random(in: 1...changed.count - 1, using: &random)) }
        _ = decoded(changed, size: 4 * words.count)
      }
    }
    for _ in 0..<300 {
      // Symbols as they are, then noise for runs and low bits.
      let count = Int.random(in: 1...40, using: &random)
      let noise = (0..<count + Int.random(in: 0...200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random) & UInt8.random(in: 0...255, using: &random)
      }
      _ = decoded([UInt8(count), 0, 0, 0] + noise, size: 4 * count + Int.random(in: 0...3, using: &random))
    }
  }

  // MARK: Samples

  private enum Kind {
    static let noise = 0
  }

  /// Words of several kinds.
  private func samples(_ count: Int, _ random: inout Generator) -> [[Int32]] {
    func bell(_ width: Int, _ random: inout Generator) -> Int {
      (0..<4).reduce(0) { sum, _ in sum + Int.random(in: -width...width, using: &random) } / 2
    }
    let noise = (0..<count).map { _ in Int32(truncatingIfNeeded: random.next()) }
    let scales = (0..<count).map { Int32(1000 + $0 / 300 * 17 % 100 + bell(6, &random)) << 20 }
    let floats = (0..<count).map { _ in Int32(bitPattern: Float.random(in: 0.001...0.004, using: &random).bitPattern) }
    let biases = (0..<count).map { Int32(bell(900, &random) << ($0 / 200 % 5)) }
    let padded = (0..<count).map { $0 % 100 < 90 ? Int32(50_000 + bell(100, &random)) : 0 }
    let edges = (0..<count).map { _ in [Int32.min, .max, 0, -1][Int(random.next() & 3)] }
    let least = [Int32](repeating: .min, count: count)
    return [noise, scales, floats, biases, padded, edges, least, least.map { _ in 0 }]
  }
}

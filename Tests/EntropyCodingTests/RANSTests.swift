import CKernels
import Hashing
import Tensors
import Testing

@testable import EntropyCoding

@Suite struct RANSTests {
  /// All ways of decoding that run here, the definition last.
  private static var decoders: [ck_rans_decoder] {
    var found = [UnsafePointer<ck_rans_decoder>?](repeating: nil, count: 8)
    let count = ck_rans_decoder_all(&found, found.count)
    return found[..<count].compactMap { $0?.pointee }
  }

  /// What every decoder makes of coded bytes; nil where all refuse them.
  ///
  /// Bytes before and after the target must stay as they were.
  private func decoded(_ stored: [UInt8], size: Int) -> [UInt8]? {
    var results: [[UInt8]?] = []
    for decoder in Self.decoders {
      var target = [UInt8](repeating: 0xA5, count: size + 128)
      let isWhole = target.withUnsafeMutableBytes { target in
        stored.withUnsafeBytes {
          RANS.decode($0, into: UnsafeMutableRawBufferPointer(rebasing: target[64..<64 + size]), decoder)
        }
      }
      #expect(target[..<64].allSatisfy { $0 == 0xA5 } && target[(64 + size)...].allSatisfy { $0 == 0xA5 })
      results.append(isWhole ? Array(target[64..<64 + size]) : nil)
    }
    #expect(Set(results).count == 1, "decoders differ")
    return results.last ?? nil
  }

  /// - Parameter length: that of rows
  private func coded(_ raw: [UInt8], length: Int = 64) -> [UInt8]? {
    var rows = Rows()
    rows.append(count: raw.count / length, length: length)
    rows.append(bytes: raw.count % length)
    return raw.withUnsafeBytes { RANS.encode($0, rows: rows)?.withBytes(Array.init) }
  }

  @Test func theScalarDecoderIsAlwaysThere() {
    #expect(Self.decoders.last.map { String(cString: $0.name) } == "rans__scalar")
    #expect(String(cString: ck_rans_decoder_for([]).pointee.name) == "rans__scalar")
  }

  @Test(arguments: [2, 31, 32, 63, 64, 65, 500, 4095, 4096, 100_001, RANS.chunkSize, RANS.chunkSize + 1, 700_000])
  func weightsComeBack(count: Int) throws {
    var random = Generator(seed: UInt64(count))
    for (index, raw) in samples(count, &random).enumerated() {
      guard let stored = coded(raw, length: [64, 9, 100, 20_000][index % 4]) else {
        #expect(count < 1000 || index == Kind.uniform, "sample \(index) of \(count) bytes")
        continue
      }
      #expect(stored.count < raw.count && raw.count <= RANS.largestRaw(stored: stored.count))
      #expect(decoded(stored, size: count) == raw, "sample \(index) of \(count) bytes")
      for size in [count - 1, count + 1, 1] where size != count { #expect(decoded(stored, size: size) == nil) }
      #expect(decoded(stored + [0], size: count) == nil)
      #expect(decoded(stored.dropLast(), size: count) == nil)
      #expect(decoded(stored.dropLast(2), size: count) == nil)
    }
    #expect(decoded([], size: count) == nil)
    #expect(decoded([], size: 0) == nil)
  }

  /// What `docs/format.md` shows: other readers rely on it.
  @Test func theDocumentedExamplesAreWrittenAndRead() throws {
    var state = 1
    let numbers = (0..<100_000).map { _ in
      state = (1_103_515_245 * state + 12_345) % (1 << 31)
      return state >> 16
    }
    let short = numbers.prefix(320).map { UInt8(truncatingIfNeeded: $0 % 3 - 1) }
    let text = """
      002015ecd00d420000a0b2590fcf26050100f90c40f3c01483e209c262c07e4775e31d0f46efbc9bfce3f35efbef8dcbbddfd8040100
      0a2a92efb96bb6d4a01b2af81daa04f6641a0100debd3bca06ac5be35d1f0100ca4cecdd56c6f8d149c0bcb02e27eef3f76e61f3642b
      a4f23cfc42f2433de4baf1a80fcf4a205cc0921a0100f1bac4bf9b552ec0c4f06ebeb408567f48f3
      """
    let digits = text.filter { !$0.isWhitespace }
    let stored = try #require(coded(short))
    #expect(stored.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == digits)
    #expect(decoded(stored, size: 320) == short)

    let long = numbers.enumerated().map { index, number in
      UInt8(truncatingIfNeeded: index / 640 % 2 == 0 ? number % 5 - 2 : number % 101 - 50)
    }
    let packed = try #require(coded(long, length: 640))
    #expect(packed.count == 56281)
    #expect(SHA256(of: packed).hex == "136022279826cb232ed5c5713d3a71fa4a0526f9f765e8099e18a33d40b2e4ce")
    #expect(decoded(packed, size: long.count) == long)
  }

  /// Bytes of one distribution take what information theory says: the entropy, and what is said about lanes and tables.
  @Test func oneDistributionTakesItsEntropy() throws {
    var random = Generator(seed: 5)
    let raw = samples(200_000, &random)[Kind.bell]
    var counts = [Int](repeating: 0, count: 256)
    for byte in raw { counts[Int(byte)] += 1 }
    let logarithm = Logarithm()
    let bits = counts.filter { $0 > 0 }.reduce(0) {
      $0 + $1 * (logarithm.base2(raw.count) - logarithm.base2($1))
    }
    let entropy = bits / 8 / Logarithm.one
    let stored = try #require(coded(raw))
    #expect(stored.count < entropy + entropy / 1000 + 128 + 128)
    #expect(stored.count > entropy)
  }

  /// Rows of different widths are told apart.
  @Test func severalDistributionsAreFound() throws {
    var random = Generator(seed: 6)
    let narrow = (0..<50_000).map { _ in UInt8(bitPattern: Int8.random(in: -2...2, using: &random)) }
    let wide = (0..<50_000).map { _ in UInt8(bitPattern: Int8.random(in: -100...100, using: &random)) }
    let rows = stride(from: 0, to: 50_000, by: 320).flatMap { start in
      Array(narrow[start..<min(50_000, start + 320)]) + Array(wide[start..<min(50_000, start + 320)])
    }
    let both = try #require(coded(rows)).count
    let apart = try #require(coded(narrow)).count + #require(coded(wide)).count
    #expect(both < apart + 1000)
    #expect(decoded(try #require(coded(rows)), size: rows.count) == rows)
  }

  /// Rows whose length is no multiple of anything are told apart where their length is known.
  @Test func rowsAreTakenAsTheyAre() throws {
    var random = Generator(seed: 8)
    let raw = (0..<1500).flatMap { row in
      let width = [1, 4, 20, 90][Int(random.next() & 3)]
      return (0..<75).map { _ in UInt8(bitPattern: Int8(Int.random(in: -width...width, using: &random))) }
    }
    let known = try #require(coded(raw, length: 75))
    #expect(decoded(known, size: raw.count) == raw)
    // The mean of the four entropies, and some three bits a row for which it is.
    let entropy = 1500 * 75 * (1585 + 3170 + 5358 + 7500) / 4 / 8000
    #expect(known.count > entropy && known.count < entropy + 1500 * 4 / 8 + 600, "\(known.count), \(entropy)")
    let unknown = try #require(coded(raw))
    #expect(known.count < unknown.count * 95 / 100)
  }

  @Test func rowsMakeUpTheirBytes() {
    var rows = Rows()
    rows.append(count: 3, length: 100)
    rows.append(bytes: 20)
    rows.append(count: 5, length: 2)
    rows.append(count: 2, length: 1 << 20)
    rows.append(count: 0, length: 50)
    rows.append(bytes: 0)
    #expect(rows.size == 330 + (2 << 20))
    #expect(rows.ranges.first == 0..<100 && rows.ranges.last?.upperBound == rows.size)
    #expect(zip(rows.ranges, rows.ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound && !$1.isEmpty })
    #expect(Rows(size: 130).ranges == [0..<64, 64..<128, 128..<130])
  }

  /// Whatever bytes are given, all decoders say the same of them, and write nowhere else.
  @Test func damagedBytesAreRefusedOrDecoded() throws {
    var random = Generator(seed: 7)
    for raw in samples(3000, &random) {
      guard let stored = coded(raw) else { continue }
      var refused = 0
      for round in 0..<400 {
        var changed = stored
        for _ in 0...Int.random(in: 0...2, using: &random) {
          // The head is small and has most of what can be wrong.
          let end = round % 2 == 0 ? min(60, changed.count) : changed.count
          changed[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if round % 5 == 0 { changed.removeLast(Int.random(in: 1...changed.count - 1, using: &random)) }
        if decoded(changed, size: raw.count) == nil { refused += 1 }
      }
      #expect(refused > 350)
    }
    for _ in 0..<300 {
      let noise = (0..<Int.random(in: 1...600, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      _ = decoded(noise, size: Int.random(in: 1...2000, using: &random))
    }
  }

  // MARK: Samples

  private enum Kind {
    static let uniform = 0
    static let bell = 1
  }

  /// Bytes of several kinds.
  private func samples(_ count: Int, _ random: inout Generator) -> [[UInt8]] {
    func byte(_ value: Int) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    func bell(_ width: Int, _ random: inout Generator) -> Int {
      (0..<4).reduce(0) { sum, _ in sum + Int.random(in: -width...width, using: &random) } / 2
    }
    let uniform = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    let bells = (0..<count).map { _ in byte(bell(30, &random)) }
    let sparse = (0..<count).map { _ in random.next() % 10 == 0 ? byte(bell(60, &random)) : 0 }
    let mixed = (0..<count).map { byte(bell([3, 60, 20, 8][$0 / 300 % 4], &random)) }
    let edges = (0..<count).map { _ in [0x80, 0x7F, 0xFF, 1][Int(random.next() % 4)] as UInt8 }
    let nearlyAllZero = (0..<count).map { $0 == count / 2 ? 0x80 : 0 as UInt8 }
    let zeros = [UInt8](repeating: 0, count: count)
    return [uniform, bells, sparse, mixed, edges, nearlyAllZero, zeros, zeros.map { ~$0 }]
  }
}

/// SplitMix64: the same numbers everywhere.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

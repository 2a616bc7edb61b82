import CZlib
import Platform
import Tensors
import Testing

@testable import Images

/// PNG files of any chunks.
private enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(data.count) + body + bigEndian(Int(crc32(0, body, uInt(body.count))))
  }

  /// A header for gray pixels of `depth` bits, or for red, green, blue of 8.
  static func header(_ width: Int, _ height: Int, depth: UInt8 = 8, isGray: Bool = false) -> [UInt8] {
    chunk("IHDR", bigEndian(width) + bigEndian(height) + [depth, isGray ? 0 : 2, 0, 0, 0])
  }

  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(size))
    #expect(compress2(&result, &size, bytes, uLong(bytes.count), 9) == Z_OK)
    return Array(result.prefix(Int(size)))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 0xFF) } }

  /// A file with chunks put in after its header.
  static func inserting(_ chunks: [UInt8], into file: [UInt8]) -> [UInt8] {
    let end = signature.count + 25
    return Array(file[..<end]) + chunks + Array(file[end...])
  }
}

/// A progressive gray JPEG of blocks that are all alike: one scan for their means, and further ones of a few bytes.
private func progressive(_ width: Int, _ height: Int, scans: Int) -> [UInt8] {
  func segment(_ marker: UInt8, _ data: [UInt8]) -> [UInt8] {
    [0xFF, marker, UInt8((data.count + 2) >> 8), UInt8((data.count + 2) & 0xFF)] + data
  }
  func zeros(_ bits: Int) -> [UInt8] { [UInt8](repeating: 0, count: (bits + 7) / 8) }
  let blocks = (width + 7) / 8 * ((height + 7) / 8)
  let oneCode: [UInt8] = [1] + [UInt8](repeating: 0, count: 15)
  var file: [UInt8] = [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
  let sides = [height, width].flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
  file += segment(0xC2, [8] + sides + [1, 1, 0x11, 0])
  // The code 0 says that a mean does not change, and that the next 16384 blocks have nothing but their means.
  file += segment(0xC4, [0x00] + oneCode + [0]) + segment(0xC4, [0x10] + oneCode + [0xE0])
  file += segment(0xDA, [1, 1, 0, 0, 0, 0]) + zeros(blocks)
  for _ in 1..<scans { file += segment(0xDA, [1, 1, 0, 1, 63, 0]) + zeros((blocks + 16383) / 16384 * 15) }
  return file + [0xFF, 0xD9]
}

/// Seconds of processor time this thread takes for some work.
private func seconds(_ work: () throws -> Void) throws -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
  let start = now()
  try work()
  return now() - start
}

/// Small files that ask for much.
@Suite struct HostileImageTests {
  /// 100 texts of 8 kB that expand to 8 MB each take seconds and 800 MB to expand.
  @Test(arguments: ["zTXt", "iTXt", "iCCP"]) func neverExpandsTexts(type: String) throws {
    let file = try Goldens.bytes("rgb.png")
    let packed = PNG.deflated([UInt8](repeating: 0x20, count: 7_900_000))
    // Keyword, then the method of compression; iTXt: a flag, the method, language, translated keyword.
    let prefix: [UInt8] = Array("Text".utf8) + [0] + (type == "iTXt" ? [1, 0, 0, 0] : [0])
    let texts = (0..<100).flatMap { _ in PNG.chunk(type, prefix + packed) }
    let hostile = PNG.inserting(texts, into: file)
    #expect(hostile.count < 1_000_000)
    let expected = try Image(decoding: file)
    var image: Image?
    let time = try seconds { image = try Image(decoding: hostile) }
    #expect(image == expected)
    #expect(time < 1)
  }

  /// What Pillow ignores, or keeps beside the pixels, changes none of them.
  @Test(arguments: ["rgb.png", "gray.png", "gray16.png", "rgba16_interlaced.png", "palette_alpha.png", "hard.png"])
  func pixelsDoNotDependOnAncillaryChunks(name: String) throws {
    let file = try Goldens.bytes(name)
    let image = try Image(decoding: file)
    let text = Array("Comment".utf8) + [0]
    let chunks: [(String, [UInt8])] = [
      ("gAMA", [0, 1, 0, 0]), ("sRGB", [1]), ("cHRM", [UInt8](repeating: 1, count: 32)), ("sBIT", [1, 2, 3, 4]),
      ("iCCP", text + [0] + PNG.deflated([1, 2, 3])), ("tEXt", text + [65]), ("zTXt", text + [0, 1, 2, 3]),
      ("iTXt", text + [0, 0, 0, 0, 65]), ("eXIf", [0x4D, 0x4D, 0, 42, 0, 0, 0, 8]), ("tIME", [7, 210, 1, 1, 0, 0, 0]),
      ("pHYs", [0, 0, 0, 1, 0, 0, 0, 1, 1]), ("vpAg", [1, 2]),
    ]
    for (type, data) in chunks {
      let changed = PNG.inserting(PNG.chunk(type, data), into: file)
      #expect(try Image(decoding: changed) == image, "\(type)")
    }
    #expect(try Image(decoding: PNG.inserting(chunks.flatMap { PNG.chunk($0, $1) }, into: file)) == image)
    // Passed over, but not unread: damage in them is found.
    var damaged = PNG.inserting(PNG.chunk("tEXt", text + [65]), into: file)
    damaged[PNG.signature.count + 25 + 8] ^= 1
    #expect(throws: ImageError.corrupt(format: "PNG", reason: "tEXt: CRC error")) { try Image(decoding: damaged) }
  }

  @Test func inflatesNoMoreThanTheRows() throws {
    func file(extra: Int) -> [UInt8] {
      let rows = PNG.deflated([0, 1, 2, 3] + [UInt8](repeating: 0, count: extra))
      return PNG.signature + PNG.header(1, 1) + PNG.chunk("IDAT", rows) + PNG.chunk("IEND", [])
    }
    #expect(try Image(decoding: file(extra: 0)).pixels == [1, 2, 3])
    #expect(try Image(decoding: file(extra: 1000)).pixels == [1, 2, 3])
    let hostile = file(extra: 80 << 20)
    #expect(hostile.count < 100_000)
    #expect(throws: ImageError.corrupt(format: "PNG", reason: "compressed data after the last row")) {
      try Image(decoding: hostile)
    }
  }

  @Test func refusesPNGThatCannotHoldItsPixels() throws {
    let claim = PNG.signature + PNG.header(8192, 8192) + PNG.chunk("IDAT", PNG.deflated([0, 1, 2, 3]))
    #expect(
      throws: ImageError.corrupt(
        format: "PNG", reason: "8192 x 8192 pixels are more than \(claim.count) bytes can hold")
    ) { try Image(decoding: claim) }
    // What compresses best is still believed: rows of eight black pixels a byte, and the byte before each that is 0.
    let rows = PNG.deflated([UInt8](repeating: 0, count: 8192 * 1025))
    let black =
      PNG.signature + PNG.header(8192, 8192, depth: 1, isGray: true) + PNG.chunk("IDAT", rows) + PNG.chunk("IEND", [])
    #expect(black.count < 9000)
    let image = try Image(decoding: black)
    #expect(image.pixels == [UInt8](repeating: 0, count: 8192 * 8192))
  }

  @Test func refusesJPEGThatCannotHoldItsPixels() throws {
    // Pixels of a block need a bit at the least: all alike, 512 of them fit a byte.
    let smallest = progressive(4096, 4096, scans: 2)
    #expect(smallest.count < 4096 * 4096 / 500)
    #expect(try Image(decoding: smallest).pixels == [UInt8](repeating: 128, count: 4096 * 4096))
    let cut = Array(smallest.prefix(smallest.count / 3))
    #expect(
      throws: ImageError.corrupt(format: "JPEG", reason: "4096 x 4096 pixels are more than \(cut.count) bytes can hold")
    ) { try Image(decoding: cut) }
    // Small images may be of any size: what is wrong is found while they are decoded.
    #expect(throws: ImageError.corrupt(format: "JPEG", reason: "the file ends early")) {
      try Image(decoding: Array(progressive(1024, 1024, scans: 2).prefix(200)))
    }
  }

  @Test func limitsScansByTheirWork() throws {
    let reason = "too many scans for its size; save the image anew"
    #expect(throws: ImageError.unsupported(format: "JPEG", reason: reason)) {
      try Image(decoding: progressive(8192, 8192, scans: 17))
    }
    #expect(throws: ImageError.unsupported(format: "JPEG", reason: reason)) {
      try Image(decoding: progressive(64, 64, scans: 501))
    }
    #expect(try Image(decoding: progressive(64, 64, scans: 500)).pixels.allSatisfy { $0 == 128 })
    #expect(try Image(decoding: progressive(2048, 2048, scans: 100)).pixels.count == 2048 * 2048)
  }
}

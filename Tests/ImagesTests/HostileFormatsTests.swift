import Tensors
import Testing

@testable import Images

/// TIFF files of one strip or more, little-endian, of whatever tags.
private enum TIFF {
  /// Values of a tag: short integers (type 3) or long ones (4).
  struct Tag {
    let number: Int
    let type: Int
    let values: [Int]
  }

  static func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }

  /// `data` begins at byte 8.
  static func file(_ tags: [Tag], data: [UInt8]) -> [UInt8] {
    let start = 8 + data.count + data.count % 2
    var directory = bytes(tags.count, 2)
    var beyond: [UInt8] = []
    let end = start + 2 + 12 * tags.count + 4
    for tag in tags.sorted(by: { $0.number < $1.number }) {
      let packed = tag.values.flatMap { bytes($0, tag.type == 3 ? 2 : 4) }
      directory += bytes(tag.number, 2) + bytes(tag.type, 2) + bytes(tag.values.count, 4)
      if packed.count <= 4 {
        directory += packed + [UInt8](repeating: 0, count: 4 - packed.count)
      } else {
        directory += bytes(end + beyond.count, 4)
        beyond += packed
      }
    }
    let padding = [UInt8](repeating: 0, count: data.count % 2)
    let parts: [[UInt8]] = [[0x49, 0x49, 42, 0], bytes(start, 4), data, padding, directory, [0, 0, 0, 0], beyond]
    return parts.flatMap { $0 }
  }

  /// Gray of 8 bits; tags are replaced by others of their number.
  static func gray(_ width: Int, _ height: Int, compression: Int, data: [UInt8], with others: [Tag] = []) -> [UInt8] {
    let usual = [
      Tag(number: 256, type: 4, values: [width]), Tag(number: 257, type: 4, values: [height]),
      Tag(number: 258, type: 3, values: [8]), Tag(number: 259, type: 3, values: [compression]),
      Tag(number: 262, type: 3, values: [1]), Tag(number: 273, type: 4, values: [8]),
      Tag(number: 277, type: 3, values: [1]), Tag(number: 278, type: 4, values: [height]),
      Tag(number: 279, type: 4, values: [data.count]),
    ]
    return file(usual.filter { tag in !others.contains { $0.number == tag.number } } + others, data: data)
  }
}

@Suite struct HostileFormatsTests {
  static let tiffs = [
    "lzw.tif", "deflate.tif", "packbits.tif", "ycc.tif", "tiles_jpeg.tif", "planes_tiles.tif", "big.tif", "rgb16.tif",
    "palette4.tif", "premultiplied.tif", "cmyk.tif", "pages.tif",
  ]

  /// A TIFF may have its directory before its pixels or after; cut off it has not all its pixels, whichever it is.
  @Test(arguments: tiffs) func refusesTruncatedTIFF(name: String) throws {
    let bytes = try Goldens.bytes(name)
    let image = try Image(decoding: bytes)
    for length in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 500) {
      // What follows the pixels, such as a second page or the resolution, may be missing.
      guard let cut = try? Image(decoding: Array(bytes.prefix(length))) else { continue }
      let isEqual = cut == image
      #expect(isEqual, "\(length) bytes")
    }
    #expect(throws: ImageError.self) { try Image(decoding: Array(bytes.prefix(bytes.count / 4))) }
  }

  @Test(
    arguments: tiffs + ["lossy.webp", "lossless_alpha.webp", "rotated.webp", "palette.bmp", "core.bmp", "ycck.jpg"])
  func survivesEveryChangedByte(name: String) throws {
    let bytes = try Goldens.bytes(name)
    for position in stride(from: 0, to: bytes.count, by: 1 + bytes.count / 500) {
      for byte: UInt8 in [0x00, 0x01, 0x80, 0xFF] {
        var changed = bytes
        changed[position] = byte
        guard let image = try? Image(decoding: changed) else { continue }
        #expect(image.pixels.count == image.width * image.height * image.channels)
      }
    }
  }

  @Test func refusesDamagedJPEGInTIFF() throws {
    // libjpeg would warn and make up the rest.
    var bytes = try Goldens.bytes("ycc.tif")
    let scan = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xDA]) })
    for index in scan + 200..<scan + 220 { bytes[index] = 0xFF }
    #expect {
      try Image(decoding: bytes)
    } throws: { error in
      "\(error)".hasPrefix("is a damaged TIFF image: Corrupt JPEG data")
    }
  }

  /// The limits on scans of a JPEG file do not reach into TIFF.
  @Test func refusesProgressiveJPEGInTIFF() throws {
    let file = TIFF.gray(
      37, 29, compression: 7, data: try Goldens.bytes("progressive.jpg"),
      with: [
        .init(number: 258, type: 3, values: [8, 8, 8]), .init(number: 262, type: 3, values: [6]),
        .init(number: 277, type: 3, values: [3]), .init(number: 530, type: 3, values: [2, 2]),
      ])
    let reason = "progressive JPEG in it; save the image with LZW"
    #expect(throws: ImageError.unsupported(format: "TIFF", reason: reason)) { try Image(decoding: file) }
  }

  @Test func limitsSizesBeforeDecoding() {
    func expect(_ error: ImageError, _ file: [UInt8]) {
      #expect(throws: error) { try Image(decoding: file) }
    }
    let huge = TIFF.gray(65500, 65500, compression: 8, data: [1, 2, 3])
    expect(.tooLarge(width: 65500, height: 65500), huge)
    expect(
      .tooLarge(width: 1 << 20, height: 0xFFFF_FFFF), TIFF.gray(1 << 20, 0xFFFF_FFFF, compression: 5, data: [1, 2, 3]))
    for compression in [1, 5, 8, 32946, 32773] {
      let claim = TIFF.gray(8000, 8000, compression: compression, data: [1, 2, 3])
      expect(
        .corrupt(format: "TIFF", reason: "8000 x 8000 pixels are more than \(claim.count) bytes can hold"), claim)
    }
    expect(
      .unsupported(format: "TIFF", reason: "rows of more than 16 MiB; save the image in tiles or as PNG"),
      TIFF.gray(32 << 20, 1, compression: 8, data: [1, 2, 3]))
    let tiles = { (width: Int, height: Int) in
      TIFF.gray(
        16, 16, compression: 8, data: [1, 2, 3],
        with: [
          .init(number: 322, type: 4, values: [width]), .init(number: 323, type: 4, values: [height]),
          .init(number: 324, type: 4, values: [8]), .init(number: 325, type: 4, values: [3]),
        ])
    }
    let reason = "tiles too large for its size; save the image anew"
    expect(.unsupported(format: "TIFF", reason: reason), tiles(1 << 14, 1 << 14))
    expect(.unsupported(format: "TIFF", reason: reason), tiles(0x7FFF_FFF0, 0x7FFF_FFF0))
    // RIFF of 26 bytes: VP8L, 16384 x 16384.
    let lossless: [UInt8] = Array("RIFF".utf8) + [18, 0, 0, 0] + Array("WEBPVP8L".utf8) + [6, 0, 0, 0]
    expect(
      .tooLarge(width: 16384, height: 16384), lossless + [0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0])
  }

  /// Many strips in one place would be decoded, or copied, as often as there are of them.
  @Test func refusesOverlappingStrips() {
    let data = [UInt8](repeating: 7, count: 100_000)
    let strips = 5_000
    let file = TIFF.gray(
      20, strips, compression: 5, data: data,
      with: [
        .init(number: 273, type: 4, values: [Int](repeating: 8, count: strips)),
        .init(number: 278, type: 4, values: [1]),
        .init(number: 279, type: 4, values: [Int](repeating: data.count, count: strips)),
      ])
    #expect(throws: ImageError.corrupt(format: "TIFF", reason: "its strips or tiles are more than the file can hold")) {
      try Image(decoding: file)
    }
  }

  /// Samples that the file names, but does not have, would be read from beyond its rows.
  @Test(arguments: [1, 2]) func refusesMoreExtrasThanSamples(meaning: Int) {
    let extras = [TIFF.Tag(number: 338, type: 3, values: [meaning])]
    let reason = "colours or bits of an unusual kind; save the image as RGB of 8 bits"
    for colours in [0, 1, 3] {
      let file = TIFF.gray(
        2, 2, compression: 1, data: [1, 2, 3, 4], with: extras + [.init(number: 262, type: 3, values: [colours])])
      #expect(throws: ImageError.unsupported(format: "TIFF", reason: reason)) { try Image(decoding: file) }
    }
  }

  /// A directory that names itself as the next, or lies outside.
  @Test func endsWithDirectoriesInCircles() throws {
    let file = TIFF.gray(2, 2, compression: 1, data: [1, 2, 3, 4])
    var circle = file
    circle.replaceSubrange(file.count - 4..<file.count, with: TIFF.bytes(12, 4))
    #expect(try Image(decoding: circle).pixels == [1, 2, 3, 4])
    var outside = file
    outside.replaceSubrange(4..<8, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(throws: ImageError.self) { try Image(decoding: outside) }
  }
}

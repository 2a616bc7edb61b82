import Tensors
import Testing

@testable import Images

@Suite struct DecodingTests {
  @Test func decodesAsPillow() throws {
    let goldens = try Goldens.arrays("decoded.npz")
    #expect(goldens.count == 22)
    for (name, array) in goldens {
      let image = try Image(path: Goldens.path(name))
      #expect(image.channels == (name.hasPrefix("gray") ? 1 : 3), "\(name)")
      #expect(image.orientation == (name == "rotated.jpg" ? .rightTop : .upright), "\(name)")
      let (pixels, expected) = (image.rgb(), try Goldens.image(array))
      let isEqual = pixels.width == expected.width && pixels.pixels == expected.pixels
      #expect(isEqual, "\(name)")
    }
  }

  @Test func convertsToGrayAsPillow() throws {
    #expect(try Image(path: Goldens.path("rgb.png")).gray() == Image(path: Goldens.path("gray.png")))
  }

  @Test(
    arguments: [[], [0xFF], [0xFF, 0xD8], Array("<svg/>".utf8), Array("RIFF    WAVE".utf8), [0x89, 0x50]] as [[UInt8]])
  func refusesOtherFiles(bytes: [UInt8]) {
    #expect(throws: ImageError.unknownFormat) { try Image(decoding: bytes) }
  }

  @Test(arguments: [
    "ycc420.jpg", "progressive.jpg", "restarts.jpg", "gray.jpg", "ycck.jpg", "rgb.png", "palette4.png",
    "rgba16_interlaced.png", "lossy.webp", "lossless.webp", "lossy_alpha.webp", "rgb.bmp", "palette16.bmp",
  ])
  func refusesEveryTruncation(name: String) throws {
    let bytes = try Goldens.bytes(name)
    for length in 0..<bytes.count {
      #expect(throws: ImageError.self, "\(length) bytes") { try Image(decoding: Array(bytes.prefix(length))) }
    }
    // What follows the image is not part of it.
    #expect(try Image(decoding: bytes + [1, 2, 3]) == Image(decoding: bytes))
  }

  @Test(arguments: ["rgb.png", "palette_alpha.png", "gray1.png", "rgba16_interlaced.png"])
  func findsEveryFlippedByteOfPNG(name: String) throws {
    let bytes = try Goldens.bytes(name)
    let intact = try Image(decoding: bytes)
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 0x10
      // The last chunk is empty: nothing but its name is lost with it.
      guard let image = try? Image(decoding: changed) else { continue }
      #expect(image == intact, "byte \(position)")
    }
  }

  @Test(arguments: ["ycc420.jpg", "progressive.jpg", "restarts.jpg", "gray.jpg", "cmyk.jpg"])
  func survivesEveryChangedByteOfJPEG(name: String) throws {
    let bytes = try Goldens.bytes(name)
    for position in bytes.indices {
      for byte: UInt8 in [0x00, 0x10, 0xC4, 0xD9, 0xFF] {
        var changed = bytes
        changed[position] = byte
        // Entropy-coded data has no checksum: the image may differ, but it is always whole.
        guard let image = try? Image(decoding: changed) else { continue }
        #expect(image.pixels.count == image.width * image.height * image.channels)
      }
    }
  }

  @Test func refusesDamagedScans() throws {
    // Cut out of the middle, the rest still a JPEG: libjpeg would warn and invent the missing blocks.
    var bytes = try Goldens.bytes("ycc420.jpg")
    bytes.removeSubrange(bytes.count - 200..<bytes.count - 100)
    #expect {
      try Image(decoding: bytes)
    } throws: { error in
      "\(error)".hasPrefix("is a damaged JPEG image: Corrupt JPEG data")
    }
  }

  @Test func limitsSizesBeforeDecoding() throws {
    // Start of image, frame header 65500 x 65500 of one component, start of scan.
    var jpeg: [UInt8] = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0xFF, 0xDC, 0xFF, 0xDC, 1, 1, 0x11, 0]
    jpeg += [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
    #expect(throws: ImageError.tooLarge(width: 65500, height: 65500)) { try Image(decoding: jpeg) }
    #expect(
      ImageError.tooLarge(width: 65500, height: 65500).description
        == "is too large: 65500 x 65500 pixels where 67108864 are the limit")
  }

  @Test func namesTheFile() throws {
    #expect {
      try Image(path: Goldens.path("resized.npz"))
    } throws: { error in
      "\(error)" == Goldens.path("resized.npz")
        + ": is not an image of a format that is read: JPEG, PNG, WebP, TIFF or BMP"
    }
    #expect(throws: Refusal.self) { try Image(path: Goldens.path("absent.png")) }
    #expect(throws: Refusal.self) { try Image(path: Goldens.path("")) }
  }
}

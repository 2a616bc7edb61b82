import Tensors
import Testing

@testable import Images

@Suite struct FormatsTests {
  @Test func decodesAsPillow() throws {
    let goldens = try Goldens.arrays("formats.npz").filter { !$0.key.contains(" ") }
    #expect(goldens.count == 61)
    for (name, array) in goldens {
      let image = try Image(path: Goldens.path(name))
      #expect(image.channels == (name.hasPrefix("gray") ? 1 : 3), "\(name)")
      let expected = try Goldens.image(array)
      #expect(image.width == expected.width && image.height == expected.height, "\(name)")
      // Not to print all pixels where some differ.
      let isEqual = image.rgb().pixels == expected.pixels
      #expect(isEqual, "\(name)")
    }
  }

  static let refused: [(String, String)] = [
    ("animated.webp", "an animation; save the frame you want as an image of its own"),
    ("16_bits.tif", "gray of 16 bits, which Pillow does not scale to 8 but clips; save the image with 8 bits"),
    ("float.tif", "colours or bits of an unusual kind; save the image as RGB of 8 bits"),
    ("planes16.tif", "planes of 16 bits without compression, which Pillow misreads; save the image with 8 bits"),
    ("zstd.tif", "a compression other than LZW, deflate, JPEG and PackBits; save the image with one of these"),
    ("one_bit.bmp", "1 bits for a pixel; save the image with 24"),
  ]

  @Test(arguments: refused) func refusesOtherKinds(name: String, reason: String) throws {
    let format = name.hasSuffix("webp") ? "WebP" : name.hasSuffix("tif") ? "TIFF" : "BMP"
    #expect(throws: ImageError.unsupported(format: format, reason: reason)) {
      try Image(decoding: Goldens.bytes(name))
    }
  }

  @Test func refusesOtherKindsOfBMP() throws {
    let bytes = try Goldens.bytes("rgb.bmp")
    func changed(_ offset: Int, _ byte: UInt8) -> [UInt8] {
      var result = bytes
      result[offset] = byte
      return result
    }
    func expect(_ error: ImageError, _ file: [UInt8]) {
      #expect(throws: error) { try Image(decoding: file) }
    }
    expect(.unsupported(format: "BMP", reason: "16 bits for a pixel; save the image with 24"), changed(28, 16))
    expect(.unsupported(format: "BMP", reason: "compressed; save the image as PNG"), changed(30, 1))
    expect(.corrupt(format: "BMP", reason: "a header of 41 bytes"), changed(14, 41))
    expect(.corrupt(format: "BMP", reason: "it has no pixels"), changed(21, 0x80))
    expect(
      .corrupt(format: "BMP", reason: "37 x 65565 pixels are more than \(bytes.count) bytes can hold"), changed(24, 1))
    expect(.tooLarge(width: 16_777_253, height: 29), Array(changed(21, 1)))
    let masks = try Goldens.bytes("masks.bmp")
    var swapped = masks
    swapped.replaceSubrange(54..<66, with: masks[62..<66] + masks[58..<62] + masks[54..<58])
    expect(.unsupported(format: "BMP", reason: "colours in an unusual order; save the image with 24 bits"), swapped)
    var outside = try Goldens.bytes("palette16.bmp")
    outside[14 + 40 + 64] = 16
    expect(.corrupt(format: "BMP", reason: "a colour that is not in its palette"), outside)
    // The lowest of all numbers has no opposite in 32 bits.
    var lowest = bytes
    lowest.replaceSubrange(22..<26, with: [0, 0, 0, 0x80])
    expect(.tooLarge(width: 37, height: 1 << 31), lowest)
  }

  static let known: [(String, [UInt8])] = [
    ("a HEIC", [0, 0, 0, 24] + Array("ftypheic".utf8) + [0, 0, 0, 0] + Array("mif1heic".utf8)),
    ("a HEIC", [0, 0, 0, 24] + Array("ftypmif1".utf8) + [0, 0, 0, 0] + Array("mif1heic".utf8)),
    ("a HEIF", [0, 0, 0, 20] + Array("ftypmif1".utf8) + [0, 0, 0, 0] + Array("mif1".utf8)),
    ("an AVIF", [0, 0, 0, 28] + Array("ftypavif".utf8) + [0, 0, 0, 0] + Array("avifmif1miaf".utf8)),
    ("an AVIF", [0, 0, 0, 24] + Array("ftypmif1".utf8) + [0, 0, 0, 0] + Array("miafavif".utf8)),
    ("a JPEG XL", [0xFF, 0x0A, 0, 0]), ("a JPEG XL", [0, 0, 0, 0x0C] + Array("JXL ".utf8) + [0x0D, 0x0A, 0x87, 0x0A]),
    ("a JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51]),
    ("a JPEG 2000", [0, 0, 0, 0x0C] + Array("jP  ".utf8) + [0x0D, 0x0A, 0x87, 0x0A]),
    ("a GIF", Array("GIF89a".utf8)), ("a DICOM", [UInt8](repeating: 0, count: 128) + Array("DICM".utf8)),
    ("a Photoshop", Array("8BPS".utf8)),
  ]

  @Test(arguments: known) func namesFormatsThatAreNotRead(name: String, bytes: [UInt8]) {
    #expect {
      try Image(decoding: bytes)
    } throws: { error in
      "\(error)" == "is \(name) image, which is not read: convert it to JPEG or PNG"
    }
  }

  /// A video is none of them.
  @Test func takesNoOtherMediaForHEIC() {
    #expect(throws: ImageError.unknownFormat) {
      try Image(decoding: [0, 0, 0, 24] + Array("ftypisom".utf8) + [0, 0, 0, 0] + Array("isommp42".utf8))
    }
  }

  @Test func listsEndings() {
    #expect(Image.fileExtensions.isDisjoint(with: Image.unreadFileExtensions))
    #expect(Image.fileExtensions.contains("tiff") && Image.unreadFileExtensions.contains("heic"))
  }
}

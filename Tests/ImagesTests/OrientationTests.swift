import Tensors
import Testing

@testable import Images

@Suite struct OrientationTests {
  /// rotated.jpg with another value of the tag.
  private func jpeg(_ value: UInt8) throws -> [UInt8] {
    var bytes = try Goldens.bytes("rotated.jpg")
    let tag: [UInt8] = [1, 0x12, 0, 3, 0, 0, 0, 1, 0]
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: tag) })
    bytes[start + tag.count] = value
    return bytes
  }

  @Test(arguments: 0...9) func turnsAsPillow(value: UInt8) throws {
    let image = try Image(decoding: jpeg(value))
    #expect(image.orientation == Orientation(rawValue: Int(value)) ?? .upright)
    let golden = try #require(Goldens.arrays("formats.npz")["orientation \(value)"])
    #expect(try image.upright() == Goldens.image(golden))
  }

  @Test(arguments: ["rotated.png", "rotated.webp", "xmp.jpg", "xmp.webp"])
  func findsWhereOtherFilesNameIt(name: String) throws {
    let image = try Image(path: Goldens.path(name))
    #expect(image.orientation != .upright)
    let golden = try #require(Goldens.arrays("formats.npz")["upright \(name)"])
    #expect(try image.upright() == Goldens.image(golden))
  }

  @Test func turnsOnlyWhereAsked() throws {
    let image = try Image(decoding: jpeg(6))
    let plain = try Preprocessing(height: 10, width: 12)
    let turning = try Preprocessing(height: 10, width: 12, exifOrientation: true)
    let unturned = try #require(
      Image(width: image.width, height: image.height, channels: image.channels, pixels: image.pixels))
    #expect(try plain.apply(image) == plain.apply(unturned))
    #expect(try turning.apply(image) == plain.apply(image.upright()))
    #expect(try turning.apply(image) != plain.apply(image))
    #expect(try turning.apply(unturned) == plain.apply(unturned))
    for channels in Preprocessing.Channels.allCases {
      let cropping = try Preprocessing(
        height: 9, width: 9, channels: channels, resize: .centerCrop, exifOrientation: true)
      #expect(try cropping.apply(image) == cropping.apply(image.upright()))
    }
  }

  /// Whatever the EXIF data hold, the pixels are there.
  @Test func damagedDataLeaveTheImage() throws {
    let bytes = try jpeg(6)
    let image = try Image(decoding: bytes)
    let exif = try #require(bytes.indices.first { bytes[$0...].starts(with: "Exif".utf8) })
    let end = exif - 2 + Int(bytes[exif - 2]) << 8 + Int(bytes[exif - 1])
    for position in exif..<end {
      for byte: UInt8 in [0x00, 0x01, 0x7F, 0xFF] {
        var changed = bytes
        changed[position] = byte
        let other = try Image(decoding: changed)
        #expect(other.pixels == image.pixels)
        #expect(other.upright().pixels.count == image.pixels.count)
      }
    }
  }
}

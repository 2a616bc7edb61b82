import Testing

@testable import Images

@Suite struct ResizingTests {
  private func sizes(of name: String) -> (String, width: Int, height: Int)? {
    let parts = name.split(whereSeparator: { $0 == " " || $0 == "x" })
    guard parts.count == 3, let width = Int(parts[1]), let height = Int(parts[2]) else { return nil }
    return (String(parts[0]), width, height)
  }

  @Test func resizesAsPillow() throws {
    let goldens = try Goldens.arrays("resized.npz")
    #expect(goldens.count == 31)
    for (name, array) in goldens {
      let (source, width, height) = try #require(sizes(of: name))
      let image = try Image(path: Goldens.path("\(source).png"))
      #expect(try image.resized(width: width, height: height) == Goldens.image(array), "\(name)")
    }
  }

  @Test func centerCropsAsTorchvision() throws {
    let goldens = try Goldens.arrays("cropped.npz")
    #expect(goldens.count == 15)
    for (name, array) in goldens {
      let (source, width, height) = try #require(sizes(of: name))
      let image =
        source == "tall"
        ? try rotated(Image(path: Goldens.path("rgb.png"))) : try Image(path: Goldens.path("\(source).png"))
      #expect(try image.centerCropped(width: width, height: height) == Goldens.image(array), "\(name)")
    }
  }

  /// A quarter turn to the left.
  private func rotated(_ image: Image) throws -> Image {
    var pixels: [UInt8] = []
    for x in (0..<image.width).reversed() {
      for y in 0..<image.height {
        let first = (y * image.width + x) * image.channels
        pixels += image.pixels[first..<first + image.channels]
      }
    }
    return try #require(
      Image(width: image.height, height: image.width, channels: image.channels, pixels: pixels))
  }

  /// Only what stays is computed, and it is what the whole resized image has there.
  @Test(arguments: [(5, 9), (9, 5), (64, 64), (300, 40), (40, 300), (1, 2000), (2000, 1)])
  func cropsAsAfterResizing(width: Int, height: Int) throws {
    let pixels = (0..<3 * width * height).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
    let image = try #require(Image(width: width, height: height, channels: 3, pixels: pixels))
    for (cropWidth, cropHeight) in [(8, 8), (24, 16), (16, 24)] {
      let short = max(cropWidth, cropHeight) * 256 / 224
      let long = short * max(width, height) / min(width, height)
      let (fullWidth, fullHeight) = width <= height ? (short, long) : (long, short)
      let whole = try image.resized(width: fullWidth, height: fullHeight)
      let left = Int((Double(fullWidth - cropWidth) / 2).rounded(.toNearestOrEven))
      let top = Int((Double(fullHeight - cropHeight) / 2).rounded(.toNearestOrEven))
      var expected: [UInt8] = []
      for row in top..<top + cropHeight {
        let start = 3 * (row * fullWidth + left)
        expected += whole.pixels[start..<start + 3 * cropWidth]
      }
      let part = try image.centerCropped(width: cropWidth, height: cropHeight)
      #expect(part.width == cropWidth && part.height == cropHeight && part.pixels == expected)
    }
  }

  @Test func refusesSizesThatDoNotFit() throws {
    let thin = try #require(Image(width: 1, height: 100_000, channels: 1, pixels: Array(repeating: 0, count: 100_000)))
    #expect(try thin.resized(width: 4096, height: 8).pixels.count == 4096 * 8)
    #expect(throws: ImageError.tooLarge(width: 4096, height: 100_000)) {
      try thin.resized(width: 4096, height: 100_000)
    }
    #expect(throws: ImageError.self) { try thin.resized(width: 0, height: 8) }
    #expect(throws: ImageError.self) { try thin.resized(width: .max, height: .max) }
    #expect(throws: ImageError.self) { try thin.centerCropped(width: 224, height: 224) }
    #expect(throws: ImageError.self) { try thin.centerCropped(width: .max, height: 1) }
    #expect(Image(width: 2, height: 2, channels: 1, pixels: [0, 0, 0]) == nil)
    #expect(Image(width: .max, height: .max, channels: 3, pixels: []) == nil)
    #expect(Image(width: 1, height: 1, channels: 2, pixels: [0, 0]) == nil)
  }
}

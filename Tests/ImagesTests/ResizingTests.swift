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

  @Test func crops() throws {
    let image = try #require(Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6]))
    #expect(image.cropped(x: 1, y: 0, width: 2, height: 2)?.pixels == [2, 3, 5, 6])
    #expect(image.cropped(x: 0, y: 0, width: 3, height: 2) == image)
    #expect(image.cropped(x: 2, y: 0, width: 2, height: 1) == nil)
    #expect(image.cropped(x: -1, y: 0, width: 1, height: 1) == nil)
    #expect(image.cropped(x: .max, y: 0, width: 1, height: 1) == nil)
    #expect(image.cropped(x: 0, y: 0, width: 0, height: 1) == nil)
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

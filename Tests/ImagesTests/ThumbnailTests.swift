import Testing

@testable import Images

struct ThumbnailTests {
  @Test func keepsTheProportionOfTheSides() throws {
    for (width, height, small) in [(640, 320, (96, 48)), (10, 2000, (1, 96)), (50, 40, (50, 40)), (97, 97, (96, 96))] {
      let image = try #require(Image(width: width, height: height, channels: 3, pixels: gradient(width, height)))
      let thumbnail = try Image(decoding: try image.thumbnail())
      #expect((thumbnail.width, thumbnail.height) == small)
      #expect(thumbnail.channels == 3)
    }
  }

  @Test func showsWhatTheImageShows() throws {
    let image = try #require(Image(width: 96, height: 96, channels: 3, pixels: gradient(96, 96)))
    let file = try image.thumbnail(quality: 95)
    let thumbnail = try Image(decoding: file)
    let errors = zip(thumbnail.pixels, image.pixels).map { abs(Int($0) - Int($1)) }
    #expect(errors.reduce(0, +) < 3 * errors.count)
    #expect(file == (try image.thumbnail(quality: 95)))
    #expect(file.count > (try image.thumbnail(quality: 20).count))
  }

  @Test func keepsGrayGray() throws {
    let image = try #require(Image(width: 8, height: 4, channels: 1, pixels: [UInt8](repeating: 77, count: 32)))
    let thumbnail = try Image(decoding: try image.thumbnail())
    #expect(thumbnail.pixels == image.pixels)
  }

  @Test func turnsWhatLiesOnItsSide() throws {
    let lying = Image(40, 20, 1, [UInt8](repeating: 9, count: 800), orientation: .rightTop)
    let thumbnail = try Image(decoding: try lying.thumbnail())
    #expect((thumbnail.width, thumbnail.height) == (20, 40))
    #expect(thumbnail.orientation == .upright)
  }

  @Test func fitsNoiseOfTheHighestQuality() throws {
    var state: UInt32 = 1
    let noise = (0..<96 * 96 * 3).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    let image = try #require(Image(width: 96, height: 96, channels: 3, pixels: noise))
    #expect(try Image(decoding: try image.thumbnail(quality: 100)).width == 96)
    #expect(throws: ImageError.self) { try image.thumbnail(side: 0) }
  }

  /// Red grows to the right, green downwards.
  private func gradient(_ width: Int, _ height: Int) -> [UInt8] {
    (0..<width * height).flatMap { index -> [UInt8] in
      let (x, y) = (index % width, index / width)
      return [UInt8(255 * x / width), UInt8(255 * y / height), 128]
    }
  }
}

import Tensors
import Testing

@testable import Images

/// Frames in memory against images with the same pixels.
@Suite struct PixelFrameTests {
  /// A picture without two rows or columns alike.
  private static func image(_ width: Int, _ height: Int, channels: Int = 3) throws -> Image {
    let pixels = (0..<width * height * channels).map { (index: Int) -> UInt8 in
      UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 9)
    }
    return try #require(Image(width: width, height: height, channels: channels, pixels: pixels))
  }

  /// An image's pixels as a frame of some format, each row followed by bytes that are none.
  private static func bytes(_ image: Image, _ format: PixelFrame.Format) -> (bytes: [UInt8], stride: Int) {
    var bytes: [UInt8] = []
    for y in 0..<image.height {
      for x in 0..<image.width {
        let first = (y * image.width + x) * image.channels
        let pixel = Array(image.pixels[first..<first + image.channels])
        switch format {
        case .gray, .rgb: bytes += pixel
        case .bgr: bytes += pixel.reversed()
        case .rgba: bytes += pixel + [UInt8(truncatingIfNeeded: x)]
        case .bgra: bytes += pixel.reversed() + [UInt8(truncatingIfNeeded: y)]
        case .nv12, .nv21, .i420: Issue.record("not a format of one plane")
        }
      }
      bytes += Array(repeating: 0xAA, count: 5)
    }
    return (bytes, bytes.count / image.height)
  }

  /// What a fitter makes of a frame in one plane.
  private static func fitted(
    _ fitter: FrameFitter, _ format: PixelFrame.Format, _ image: Image, rotation: PixelFrame.Rotation = .none,
    crop: PixelFrame.Rectangle? = nil
  ) throws -> [UInt8] {
    let (bytes, stride) = bytes(image, format)
    return try bytes.withUnsafeBytes { bytes in
      let frame = try PixelFrame(
        format, width: image.width, height: image.height,
        planes: (PixelFrame.Plane(bytes, stride: stride), .none, .none), rotation: rotation, crop: crop)
      return try fitter.fit(frame) { Array($0) }
    }
  }

  private static func cropped(_ image: Image, _ crop: PixelFrame.Rectangle) throws -> Image {
    var pixels: [UInt8] = []
    for y in crop.y..<crop.y + crop.height {
      let first = (y * image.width + crop.x) * image.channels
      pixels += image.pixels[first..<first + crop.width * image.channels]
    }
    return try #require(Image(width: crop.width, height: crop.height, channels: image.channels, pixels: pixels))
  }

  private static let sizes = [(37, 23), (23, 61), (8, 8), (200, 9), (9, 200), (8, 30), (30, 8)]
  private static let recipes: [(Preprocessing.Channels, Preprocessing.Resize)] = [
    (.rgb, .direct), (.bgr, .centerCrop), (.gray, .direct), (.gray, .centerCrop),
  ]

  /// Every format gives the bytes of the image, whichever pass comes first and whatever was fitted before.
  @Test(arguments: recipes)
  func formatsOfOnePlaneAreTheImage(channels: Preprocessing.Channels, resize: Preprocessing.Resize) throws {
    let preprocessing = try Preprocessing(height: 8, width: 8, channels: channels, resize: resize)
    let fitter = FrameFitter(preprocessing)
    for (width, height) in Self.sizes {
      let image = try Self.image(width, height)
      for format in [PixelFrame.Format.rgb, .bgr, .rgba, .bgra] {
        #expect(try Self.fitted(fitter, format, image) == preprocessing.fit(image).pixels, "\(format) \(width)")
      }
      let gray = try Self.image(width, height, channels: 1)
      let own = try Self.fitted(fitter, .gray, gray)
      let (tables, floats) = (PixelTables(preprocessing), UnsafeMutableBufferPointer<Float>.allocate(capacity: 192))
      defer { floats.deallocate() }
      let target = UnsafeMutableBufferPointer(rebasing: floats[..<preprocessing.count])
      own.withUnsafeBufferPointer { tables.write($0, layout: .channelsLast, into: target) }
      #expect(try Array(target) == preprocessing.apply(gray))
    }
  }

  /// EXIF's orientations are the turns, and are tested against Pillow.
  @Test(arguments: [
    (PixelFrame.Rotation.none, Orientation.upright), (.quarter, .rightTop), (.half, .bottomRight),
    (.threeQuarters, .leftBottom),
  ])
  func turnsAsEXIFDoes(rotation: PixelFrame.Rotation, orientation: Orientation) throws {
    let preprocessing = try Preprocessing(height: 11, width: 17)
    let fitter = FrameFitter(preprocessing)
    let crop = PixelFrame.Rectangle(x: 3, y: 2, width: 21, height: 16)
    for format in [PixelFrame.Format.rgb, .bgra, .gray] {
      let image = try Self.image(37, 23, channels: format == .gray ? 1 : 3)
      for crop in [crop, nil] {
        let part = try crop.map { try Self.cropped(image, $0) } ?? image
        let turned = Image(part.width, part.height, part.channels, part.pixels, orientation: orientation).upright()
        let expected = try turned.resized(width: 17, height: 11).pixels
        #expect(try Self.fitted(fitter, format, image, rotation: rotation, crop: crop) == expected, "\(format)")
      }
    }
  }

  /// Luma and chroma of a size, in the three arrangements of planes; the same pixels in each.
  private struct Camera {
    let width, height: Int
    let luma, cb, cr: [UInt8]

    init(_ width: Int, _ height: Int) {
      func noise(_ count: Int, _ seed: Int) -> [UInt8] {
        (0..<count).map { (index: Int) -> UInt8 in UInt8(truncatingIfNeeded: ((index + seed) &* 40_503) >> 7) }
      }
      let chroma = (width + 1) / 2 * ((height + 1) / 2)
      (self.width, self.height) = (width, height)
      (luma, cb, cr) = (noise(width * height, 1), noise(chroma, 77), noise(chroma, 4099))
    }

    /// Planes that follow each other.
    func block(_ format: PixelFrame.Format) -> [UInt8] {
      switch format {
      case .nv12: luma + zip(cb, cr).flatMap { [$0, $1] }
      case .nv21: luma + zip(cr, cb).flatMap { [$0, $1] }
      default: luma + cb + cr
      }
    }

    func withFrame<Result>(
      _ format: PixelFrame.Format, _ matrix: YUVMatrix, _ rotation: PixelFrame.Rotation = .none,
      crop: PixelFrame.Rectangle? = nil, _ body: (PixelFrame) throws -> Result
    ) throws -> Result {
      try block(format).withUnsafeBytes { bytes in
        let chroma = format.plane(1, width: width, height: height)
        let second = UnsafeRawBufferPointer(rebasing: bytes[luma.count...])
        let third = UnsafeRawBufferPointer(rebasing: bytes[(luma.count + cb.count)...])
        let frame = try PixelFrame(
          format, width: width, height: height,
          planes: (
            PixelFrame.Plane(bytes, stride: width), PixelFrame.Plane(second, stride: chroma.rowBytes),
            PixelFrame.Plane(third, stride: chroma.rowBytes)
          ), matrix: matrix, rotation: rotation, crop: crop)
        return try body(frame)
      }
    }

    /// The picture by the definition, a pixel at a time.
    func picture(_ matrix: YUVMatrix) throws -> Image {
      var pixels: [UInt8] = []
      for y in 0..<height {
        for x in 0..<width {
          let place = y / 2 * ((width + 1) / 2) + x / 2
          let (red, green, blue) = matrix.conversion.rgb(luma[y * width + x], cb[place], cr[place])
          pixels += [red, green, blue]
        }
      }
      return try #require(Image(width: width, height: height, channels: 3, pixels: pixels))
    }
  }

  @Test(arguments: [PixelFrame.Format.nv12, .nv21, .i420])
  func planesOfLumaAndChroma(format: PixelFrame.Format) throws {
    let preprocessing = try Preprocessing(height: 10, width: 12)
    for (width, height) in [(32, 24), (33, 25), (1, 1), (2, 3)] {
      let camera = Camera(width, height)
      for matrix in YUVMatrix.allCases {
        let fitter = FrameFitter(preprocessing)
        let picture = try camera.picture(matrix)
        let own = try camera.withFrame(format, matrix) { try fitter.fit($0) { Array($0) } }
        #expect(try own == preprocessing.fit(picture).pixels, "\(width) x \(height)")
        guard width > 8 else { continue }
        let crop = PixelFrame.Rectangle(x: 3, y: 5, width: 20, height: 13)
        let part = try Self.cropped(picture, crop)
        let turned = Image(part.width, part.height, 3, part.pixels, orientation: .rightTop).upright()
        let other = try camera.withFrame(format, matrix, .quarter, crop: crop) { try fitter.fit($0) { Array($0) } }
        #expect(try other == preprocessing.fit(turned).pixels)
      }
    }
  }

  /// Each colour is the nearest to the formula's, but where that is as near to two.
  @Test(arguments: YUVMatrix.allCases) func coloursAreThoseOfTheStandard(matrix: YUVMatrix) {
    let (offset, luma, chroma) = matrix == .bt601Limited ? (16.0, 219.0 / 255, 224.0 / 255) : (0.0, 1.0, 1.0)
    var worst = 0.0
    for y in UInt8.min...UInt8.max {
      for cb in stride(from: UInt8(0), through: 255, by: 5) {
        for cr in stride(from: UInt8(0), through: 255, by: 5) {
          let (red, green, blue) = matrix.conversion.rgb(y, cb, cr)
          let (l, b, r) = ((Double(y) - offset) / luma, (Double(cb) - 128) / chroma, (Double(cr) - 128) / chroma)
          let exact: [Double] = [l + 1.402 * r, l - 0.344136286 * b - 0.714136286 * r, l + 1.772 * b]
          for (own, exact) in zip([red, green, blue], exact) {
            worst = max(worst, abs(Double(own) - min(max(exact, 0), 255)))
          }
        }
      }
    }
    #expect(worst <= 0.5004, "\(worst)")
    #expect(YUVMatrix.bt601Full.conversion.rgb(77, 128, 128) == (77, 77, 77))
    #expect(YUVMatrix.bt601Limited.conversion.rgb(16, 128, 128) == (0, 0, 0))
    #expect(YUVMatrix.bt601Limited.conversion.rgb(235, 128, 128) == (255, 255, 255))
  }

  private static let unfit: [(PixelFrame.Format, Int, Int, Int, PixelFrame.Rectangle?, String)] = [
    (.rgb, 0, 4, 12, nil, "a frame of 0 x 4 pixels: expected at least 1 x 1 and at most 67108864 in all"),
    (.rgb, 4, -1, 12, nil, "a frame of 4 x -1 pixels: expected at least 1 x 1 and at most 67108864 in all"),
    (
      .gray, 1 << 26, 2, 1 << 26, nil,
      "a frame of 67108864 x 2 pixels: expected at least 1 x 1 and at most 67108864 in all"
    ),
    (
      .gray, .max, .max, 1, nil,
      "a frame of \(Int.max) x \(Int.max) pixels: expected at least 1 x 1 and at most 67108864 in all"
    ),
    (.rgba, 4, 4, 15, nil, "plane 0 has 15 bytes a row, its pixels take 16"),
    (.rgba, 4, 4, -16, nil, "plane 0 has -16 bytes a row, its pixels take 16"),
    (.rgba, 4, 5, 16, nil, "plane 0 has 64 bytes, 5 rows of 16, 16 apart, are more"),
    (.rgba, 4, 4, 17, nil, "plane 0 has 64 bytes, 4 rows of 16, 17 apart, are more"),
    (.rgba, 4, 4, .max, nil, "plane 0 has 64 bytes, 4 rows of 16, \(Int.max) apart, are more"),
    (.nv12, 8, 8, 8, nil, "plane 1 has 0 bytes a row, its pixels take 8"),
    (
      .rgba, 4, 4, 16, PixelFrame.Rectangle(x: 2, y: 0, width: 3, height: 1),
      "a crop of 3 x 1 pixels at 2, 0 does not lie within the frame of 4 x 4"
    ),
    (
      .rgba, 4, 4, 16, PixelFrame.Rectangle(x: .max, y: 0, width: .max, height: 1),
      "a crop of \(Int.max) x 1 pixels at \(Int.max), 0 does not lie within the frame of 4 x 4"
    ),
    (
      .rgba, 4, 4, 16, PixelFrame.Rectangle(x: 0, y: 0, width: 0, height: 1),
      "a crop of 0 x 1 pixels at 0, 0 does not lie within the frame of 4 x 4"
    ),
  ]

  @Test(arguments: unfit) func refusesWhatDoesNotFit(
    format: PixelFrame.Format, width: Int, height: Int, stride: Int, crop: PixelFrame.Rectangle?, message: String
  ) throws {
    let error = #expect(throws: Refusal.self) {
      try [UInt8](repeating: 0, count: 64).withUnsafeBytes { bytes in
        _ = try PixelFrame(
          format, width: width, height: height, planes: (PixelFrame.Plane(bytes, stride: stride), .none, .none),
          crop: crop)
      }
    }
    #expect(error?.kind == .unfit && error?.description == message)
  }
}

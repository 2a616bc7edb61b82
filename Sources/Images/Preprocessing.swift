package import Tensors

/// How an image becomes a model's input: colours, size, then (pixel * scale - mean) / std per channel.
package struct Preprocessing: Sendable, Equatable {
  package enum Channels: String, Sendable, CaseIterable {
    case rgb, bgr, gray

    package var count: Int { self == .gray ? 1 : 3 }
  }

  package enum Resize: String, Sendable, CaseIterable {
    /// Both sides resized on their own; the proportion of the sides is not kept.
    case direct
    /// `Image.centerCropped`: the shorter side resized with a margin, then the middle cut out.
    case centerCrop = "center-crop"
  }

  /// Rows and columns of the input.
  package let height: Int
  package let width: Int
  package let scale: Double
  /// One value per channel, in the order of the tensor: of `bgr` the first is blue's.
  package let mean: [Double]
  package let std: [Double]
  package let channels: Channels
  package let resize: Resize
  /// Whether images are turned as their EXIF data say before anything else.
  package let exifOrientation: Bool

  /// Checks the values; a single mean or std stands for all channels.
  ///
  /// - Throws: unless sizes are 1 to 4096, values are finite as 32-bit floats, scale and std are not zero, and there
  ///   are as many means and stds as channels.
  package init(
    height: Int, width: Int, scale: Double = 1, mean: [Double] = [0], std: [Double] = [1], channels: Channels = .rgb,
    resize: Resize = .direct, exifOrientation: Bool = false
  ) throws(Refusal) {
    guard (1...4096).contains(height), (1...4096).contains(width) else {
      throw Refusal("size \(height)x\(width) is out of range; each side must be 1 to 4096")
    }
    guard Float(scale).isFinite, Float(scale) != 0 else {
      throw Refusal("scale \(scale) must be finite and not zero")
    }
    self.height = height
    self.width = width
    self.scale = scale
    self.mean = try Self.perChannel(mean, channels, "mean")
    self.std = try Self.perChannel(std, channels, "std")
    self.channels = channels
    self.resize = resize
    self.exifOrientation = exifOrientation
    for (mean, std) in zip(self.mean, self.std) {
      guard Float(std) != 0 else { throw Refusal("std must not be zero") }
      let table = Self.table(scale: scale, mean: mean, std: std)
      guard table.allSatisfy(\.isFinite) else {
        throw Refusal("scale \(scale), mean \(mean) and std \(std) give values that are not finite")
      }
    }
  }

  private static func perChannel(
    _ values: [Double], _ channels: Channels, _ name: String
  ) throws(Refusal) -> [Double] {
    guard values.count == channels.count || values.count == 1 else {
      throw Refusal("\(values.count) \(name) values for \(channels.count) channels (\(channels.rawValue))")
    }
    guard values.allSatisfy({ Float($0).isFinite }) else { throw Refusal("\(name) must be finite") }
    return values.count == 1 ? Array(repeating: values[0], count: channels.count) : values
  }

  /// The input's value for each of the 256 pixel values, in 32-bit floats step by step, as numpy computes it.
  private static func table(scale: Double, mean: Double, std: Double) -> [Float] {
    (0..<256).map { (Float($0) * Float(scale) - Float(mean)) / Float(std) }
  }

  /// Floats of one input: `height * width * channels.count`.
  package var count: Int { height * width * channels.count }

  /// The image in the input's size and number of channels, not yet normalised; colours still in RGB order.
  package func fit(_ image: Image) throws(ImageError) -> Image {
    // Gray before resizing, as Pillow's convert("L").resize(...); repeated channels resize alike, so RGB comes after.
    let turned = exifOrientation ? image.upright() : image
    let coloured = channels == .gray ? turned.gray() : turned
    let fitted = coloured.resized(try resizing(from: (coloured.width, coloured.height)))
    return channels == .gray ? fitted : fitted.rgb()
  }

  /// The normalised input of one image; `layout` says whether channels come last (HWC) or first (CHW).
  package func apply(_ image: Image, layout: Layout = .channelsLast) throws(ImageError) -> [Float] {
    let fitted = try fit(image)
    return [Float](unsafeUninitializedCapacity: count) { target, filled in
      normalize(fitted, layout: layout, into: target)
      filled = count
    }
  }

  /// Normalises an image that `fit` gave into `count` floats, which need not be initialised.
  package func normalize(_ image: Image, layout: Layout, into target: UnsafeMutableBufferPointer<Float>) {
    image.pixels.withUnsafeBufferPointer { PixelTables(self).write($0, layout: layout, into: target) }
  }

  /// What `table` gives for each channel of the input.
  package var tables: [[Float]] {
    zip(mean, std).map { Preprocessing.table(scale: scale, mean: $0, std: $1) }
  }

  /// What `fit` does to the size of images.
  func resizing(from size: (width: Int, height: Int)) throws(ImageError) -> Resizing {
    switch resize {
    case .direct: try Resizing(from: size, to: (width, height))
    case .centerCrop: try Resizing(from: size, centerCroppedTo: (width, height))
    }
  }
}

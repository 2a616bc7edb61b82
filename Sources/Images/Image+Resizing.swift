extension Image {
  /// The image at another size, bit-equal to Pillow 13's `Image.resize((width, height), BILINEAR)`.
  ///
  /// A triangle filter as wide as two source pixels, or two target pixels where the image shrinks (antialiased), along
  /// rows and columns in two passes, each rounding to 8 bits and left out where its size stays. Rows come first unless
  /// the image loses more than twice as much height as width. Pillow before 12.3 always takes rows first, which can
  /// differ by one level in such images.
  ///
  /// - Throws: `ImageError.tooLarge` where a size is not positive or the image would exceed `pixelLimit`.
  package func resized(width: Int, height: Int) throws(ImageError) -> Image {
    resized(try Resizing(from: (self.width, self.height), to: (width, height)))
  }

  /// What torchvision's `Resize(short)` then `CenterCrop((height, width))` give on a Pillow image; see `Resizing`.
  package func centerCropped(width: Int, height: Int) throws(ImageError) -> Image {
    resized(try Resizing(from: (self.width, self.height), centerCroppedTo: (width, height)))
  }

  func resized(_ resizing: Resizing) -> Image {
    guard !resizing.isIdentity else { return self }
    let size = resizing.width * resizing.height * channels
    let stride = width * channels
    let resized = [UInt8](unsafeUninitializedCapacity: size) { target, count in
      pixels.withUnsafeBufferPointer { source in
        // Not on the stack, even where it is small: most images are large.
        let between = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: resizing.betweenBytes(channels: channels))
        defer { between.deallocate() }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: resizing.sumCount(channels: channels)) { sums in
          let target = UnsafeMutableBufferPointer(rebasing: target[..<size])
          resizing.run(channels: channels, between: between, sums: sums, into: target) {
            UnsafeBufferPointer(rebasing: source[$0 * stride..<($0 + 1) * stride])
          }
        }
      }
      count = size
    }
    return Image(resizing.width, resizing.height, channels, resized, orientation: orientation)
  }
}

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
    try resized(width: width, height: height, keeping: (0..<max(0, width), 0..<max(0, height)))
  }

  /// A part of the image at another size; nothing is computed of the rest.
  private func resized(
    width: Int, height: Int, keeping part: (columns: Range<Int>, rows: Range<Int>)
  ) throws(ImageError) -> Image {
    guard width > 0, height > 0, width <= Self.pixelLimit, height <= Self.pixelLimit,
      width * height <= Self.pixelLimit, part.columns.lowerBound >= 0, part.columns.upperBound <= width,
      part.rows.lowerBound >= 0, part.rows.upperBound <= height, !part.columns.isEmpty, !part.rows.isEmpty
    else { throw .tooLarge(width: width, height: height) }
    // In this order the image between the passes is never larger than the larger one of source and target.
    if height < self.height, 2 * (self.width - width) < self.height - height {
      return resizedColumns(to: height, keeping: part.rows).resizedRows(to: width, keeping: part.columns)
    }
    return resizedRows(to: width, keeping: part.columns).resizedColumns(to: height, keeping: part.rows)
  }

  /// What torchvision's `Resize(short)` then `CenterCrop((height, width))` give on a Pillow image.
  ///
  /// `short` is `floor(max(width, height) * 256 / 224)`, the proportion of ImageNet evaluation. The shorter side is
  /// resized to `short`, the longer to `floor(short * longer / shorter)`; the crop starts at half the difference,
  /// rounded to even where that ends in a half.
  package func centerCropped(width: Int, height: Int) throws(ImageError) -> Image {
    guard width > 0, height > 0, width <= Self.pixelLimit, height <= Self.pixelLimit else {
      throw .tooLarge(width: width, height: height)
    }
    let short = max(width, height) * 256 / 224
    let (shorter, longer) = (min(self.width, self.height), max(self.width, self.height))
    // Python's true division of integers, truncated; within the limits every step fits a Double exactly but the last.
    let long = Int(Double(short * longer) / Double(shorter))
    let isTall = self.width <= self.height
    let (fullWidth, fullHeight) = isTall ? (short, long) : (long, short)
    let left = Int((Double(fullWidth - width) / 2).rounded(.toNearestOrEven))
    let top = Int((Double(fullHeight - height) / 2).rounded(.toNearestOrEven))
    // A line of 33,000 pixels would be 50 million before the crop.
    return try resized(width: fullWidth, height: fullHeight, keeping: (left..<left + width, top..<top + height))
  }

  private func resizedRows(to newWidth: Int, keeping columns: Range<Int>) -> Image {
    let filter = TriangleFilter(from: width, to: newWidth, keeping: columns)
    guard !filter.isIdentity else { return self }
    let (sourceStride, targetStride) = (width * channels, filter.count * channels)
    let resized = [UInt8](unsafeUninitializedCapacity: targetStride * height) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          let row = UnsafeBufferPointer(rebasing: source[y * sourceStride..<(y + 1) * sourceStride])
          let result = UnsafeMutableBufferPointer(rebasing: target[y * targetStride..<(y + 1) * targetStride])
          if channels == 1 { filter.applyToGrayRow(row, result) } else { filter.applyToRGBRow(row, result) }
        }
      }
      count = targetStride * height
    }
    return Image(filter.count, height, channels, resized, orientation: orientation)
  }

  private func resizedColumns(to newHeight: Int, keeping rows: Range<Int>) -> Image {
    let filter = TriangleFilter(from: height, to: newHeight, keeping: rows)
    guard !filter.isIdentity else { return self }
    let stride = width * channels
    let resized = [UInt8](unsafeUninitializedCapacity: stride * filter.count) { target, count in
      pixels.withUnsafeBufferPointer { source in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: stride) { sums in
          for y in 0..<filter.count {
            let result = UnsafeMutableBufferPointer(rebasing: target[y * stride..<(y + 1) * stride])
            filter.applyToColumns(source, stride: stride, position: y, sums: sums, result)
          }
        }
      }
      count = stride * filter.count
    }
    return Image(width, filter.count, channels, resized, orientation: orientation)
  }
}

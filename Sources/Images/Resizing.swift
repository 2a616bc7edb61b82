import CKernels

/// How images of one size become another: the passes, their filters and what stays of the result.
///
/// Made once for a pair of sizes, then run over any number of images without allocating.
struct Resizing: Sendable {
  /// The rows of the source, and how each is filtered.
  private let sourceHeight: Int
  private let sourceWidth: Int
  private let acrossRows: TriangleFilter
  private let downColumns: TriangleFilter
  private let takesColumnsFirst: Bool

  /// - Parameter part: the columns and rows of the target that stay; nothing is computed of the rest
  init(
    from source: (width: Int, height: Int), to target: (width: Int, height: Int),
    keeping part: (columns: Range<Int>, rows: Range<Int>)
  ) throws(ImageError) {
    let (width, height) = target
    guard width > 0, height > 0, Image.mayHave(width: width, height: height), part.columns.lowerBound >= 0,
      part.columns.upperBound <= width, part.rows.lowerBound >= 0, part.rows.upperBound <= height,
      !part.columns.isEmpty, !part.rows.isEmpty
    else { throw .tooLarge(width: width, height: height) }
    (sourceWidth, sourceHeight) = source
    acrossRows = TriangleFilter(from: source.width, to: width, keeping: part.columns)
    downColumns = TriangleFilter(from: source.height, to: height, keeping: part.rows)
    // In this order the image between the passes is never larger than the larger one of source and target.
    takesColumnsFirst = height < source.height && 2 * (source.width - width) < source.height - height
  }

  /// The whole image at another size.
  init(from source: (width: Int, height: Int), to target: (width: Int, height: Int)) throws(ImageError) {
    try self.init(from: source, to: target, keeping: (0..<max(0, target.width), 0..<max(0, target.height)))
  }

  /// What `CenterCrop` takes of the image.
  init(from source: (width: Int, height: Int), centerCroppedTo target: (width: Int, height: Int)) throws(ImageError) {
    let (width, height) = target
    guard width > 0, height > 0, width <= Image.pixelLimit, height <= Image.pixelLimit else {
      throw .tooLarge(width: width, height: height)
    }
    let crop = CenterCrop(from: source, to: target)
    // A line of 33,000 pixels would be 50 million before the crop.
    try self.init(
      from: source, to: crop.full,
      keeping: (crop.left..<crop.left + width, crop.top..<crop.top + height))
  }

  /// The size of the result.
  var width: Int { acrossRows.count }
  var height: Int { downColumns.count }

  /// Whether the result is the source.
  var isIdentity: Bool { acrossRows.isIdentity && downColumns.isIdentity }

  /// Bytes between the passes.
  func betweenBytes(channels: Int) -> Int {
    if acrossRows.isIdentity || downColumns.isIdentity { return 0 }
    return (takesColumnsFirst ? height * sourceWidth : width * sourceHeight) * channels
  }

  /// Sums of the pass along columns.
  func sumCount(channels: Int) -> Int {
    downColumns.isIdentity ? 0 : (takesColumnsFirst ? sourceWidth : width) * channels
  }

  /// Computes the result.
  ///
  /// - Parameters:
  ///   - between: `betweenBytes` of scratch memory
  ///   - sums: `sumCount` numbers of scratch memory
  ///   - target: `width * height * channels` bytes
  ///   - row: gives a row of the source, `channels` bytes a pixel, good until the next is asked for
  func run(
    channels: Int, between: UnsafeMutableBufferPointer<UInt8>, sums: UnsafeMutableBufferPointer<Int32>,
    into target: UnsafeMutableBufferPointer<UInt8>, row: (Int) -> UnsafeBufferPointer<UInt8>
  ) {
    let (wide, narrow) = (sourceWidth * channels, width * channels)
    let kernels = ck_resize_set_for(ck_features_allowed()).pointee
    func across(_ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>) {
      if acrossRows.isIdentity {
        _ = target.update(fromContentsOf: source)
      } else {
        acrossRows.applyToRow(by: kernels, channels: channels, source, target)
      }
    }
    func down(
      _ y: Int, _ target: UnsafeMutableBufferPointer<UInt8>, row: (Int) -> UnsafeBufferPointer<UInt8>
    ) {
      downColumns.applyToColumns(by: kernels, at: y, sums: sums, target, row: row)
    }
    if downColumns.isIdentity {
      for y in 0..<sourceHeight { across(row(y), slice(target, y, narrow)) }
    } else if acrossRows.isIdentity {
      for y in 0..<height { down(y, slice(target, y, wide), row: row) }
    } else if takesColumnsFirst {
      for y in 0..<height { down(y, slice(between, y, wide), row: row) }
      for y in 0..<height { across(UnsafeBufferPointer(slice(between, y, wide)), slice(target, y, narrow)) }
    } else {
      for y in 0..<sourceHeight { across(row(y), slice(between, y, narrow)) }
      for y in 0..<height {
        down(y, slice(target, y, narrow)) { UnsafeBufferPointer(slice(between, $0, narrow)) }
      }
    }
  }

  private func slice(
    _ rows: UnsafeMutableBufferPointer<UInt8>, _ row: Int, _ stride: Int
  ) -> UnsafeMutableBufferPointer<UInt8> {
    UnsafeMutableBufferPointer(rebasing: rows[row * stride..<(row + 1) * stride])
  }
}

/// What torchvision's `Resize(short)` then `CenterCrop((height, width))` give on a Pillow image.
///
/// `short` is `floor(max(width, height) * 256 / 224)`, the proportion of ImageNet evaluation. The shorter side is
/// resized to `short`, the longer to `floor(short * longer / shorter)`; the crop starts at half the difference, rounded
/// to even where that ends in a half.
struct CenterCrop {
  /// The size of the whole image before it is cropped.
  let full: (width: Int, height: Int)
  let left: Int
  let top: Int

  /// - Parameters:
  ///   - source: positive sizes, within the limits of images
  ///   - target: likewise
  init(from source: (width: Int, height: Int), to target: (width: Int, height: Int)) {
    let short = max(target.width, target.height) * 256 / 224
    let (shorter, longer) = (min(source.width, source.height), max(source.width, source.height))
    // Python's true division of integers, truncated; within the limits every step fits a Double exactly but the last.
    let long = Int(Double(short * longer) / Double(shorter))
    let isTall = source.width <= source.height
    full = isTall ? (width: short, height: long) : (width: long, height: short)
    left = Int((Double(full.width - target.width) / 2).rounded(.toNearestOrEven))
    top = Int((Double(full.height - target.height) / 2).rounded(.toNearestOrEven))
  }
}

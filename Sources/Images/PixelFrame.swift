package import Tensors

/// Pixels in somebody else's memory, as cameras and toolkits give them, and how they become an upright picture.
///
/// The picture is the part inside `crop`, turned by `rotation`. Rows of it are read one by one; nothing is kept.
package struct PixelFrame {
  package enum Format: Sendable, CaseIterable {
    /// One byte a pixel.
    case gray
    /// Bytes of a pixel in this order. Alpha is dropped, not composited.
    case rgb, bgr, rgba, bgra
    /// A plane of luma, and chroma of each 2x2 pixels: one plane of Cb and Cr in turn, one of Cr and Cb, or two planes.
    case nv12, nv21, i420

    package var planes: Int {
      switch self {
      case .gray, .rgb, .bgr, .rgba, .bgra: 1
      case .nv12, .nv21: 2
      case .i420: 3
      }
    }

    /// Bytes from one pixel of a row to the next; of planes of luma and chroma, of luma.
    fileprivate var pixelBytes: Int {
      switch self {
      case .gray, .nv12, .nv21, .i420: 1
      case .rgb, .bgr: 3
      case .rgba, .bgra: 4
      }
    }

    /// Bytes of a row of a plane, and rows of it, for a frame of some size.
    package func plane(_ index: Int, width: Int, height: Int) -> (rowBytes: Int, rows: Int) {
      guard index > 0 else { return (width * pixelBytes, height) }
      return ((width + 1) / 2 * (planes == 2 ? 2 : 1), (height + 1) / 2)
    }
  }

  /// A turn clockwise, which makes the picture upright.
  package enum Rotation: Int, Sendable, CaseIterable {
    case none = 0
    case quarter = 90
    case half = 180
    case threeQuarters = 270
  }

  package struct Rectangle: Sendable, Equatable {
    package let x, y, width, height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  /// Bytes of one plane, and how many of them there are from a row to the next.
  package struct Plane {
    package let bytes: UnsafeRawBufferPointer
    package let stride: Int

    package init(_ bytes: UnsafeRawBufferPointer, stride: Int) {
      self.bytes = bytes
      self.stride = stride
    }

    /// What a frame of fewer planes has in the others' place.
    package static var none: Plane { Plane(UnsafeRawBufferPointer(start: nil, count: 0), stride: 0) }
  }

  private let format: Format
  private let matrix: YUVMatrix
  private let rotation: Rotation
  private let crop: Rectangle
  // Not an array, which would take memory for every frame.
  private let first: UnsafeRawPointer
  private let second: UnsafeRawPointer?
  private let third: UnsafeRawPointer?
  private let strides: (Int, Int, Int)

  /// Checks that the planes hold a frame of the size and the crop lies within.
  ///
  /// - Parameters:
  ///   - width: of the frame as it lies in memory, as `height`
  ///   - crop: in pixels as they lie in memory; nil takes all
  package init(
    _ format: Format, width: Int, height: Int, planes: (Plane, Plane, Plane), matrix: YUVMatrix = .bt601Limited,
    rotation: Rotation = .none, crop: Rectangle? = nil
  ) throws(Refusal) {
    guard width > 0, height > 0, Image.mayHave(width: width, height: height) else {
      throw PixelFrame.unfit(
        "a frame of \(width) x \(height) pixels: expected at least 1 x 1 and at most \(Image.pixelLimit) in all")
    }
    let crop = crop ?? Rectangle(x: 0, y: 0, width: width, height: height)
    guard crop.x >= 0, crop.y >= 0, crop.width > 0, crop.height > 0, crop.width <= width, crop.height <= height,
      crop.x <= width - crop.width, crop.y <= height - crop.height
    else {
      throw PixelFrame.unfit(
        "a crop of \(crop.width) x \(crop.height) pixels at \(crop.x), \(crop.y) does not lie within the frame of "
          + "\(width) x \(height)")
    }
    func base(_ plane: Plane, _ index: Int) throws(Refusal) -> UnsafeRawPointer? {
      guard index < format.planes else { return nil }
      let (rowBytes, rows) = format.plane(index, width: width, height: height)
      guard plane.stride >= rowBytes else {
        throw PixelFrame.unfit("plane \(index) has \(plane.stride) bytes a row, its pixels take \(rowBytes)")
      }
      let (bytes, overflow) = plane.stride.multipliedReportingOverflow(by: rows - 1)
      guard !overflow, bytes <= plane.bytes.count - rowBytes, let start = plane.bytes.baseAddress else {
        throw PixelFrame.unfit(
          "plane \(index) has \(plane.bytes.count) bytes, \(rows) rows of \(rowBytes), \(plane.stride) apart, are more")
      }
      return start
    }
    guard let first = try base(planes.0, 0) else { preconditionFailure("every format has a plane") }
    self.first = first
    second = try base(planes.1, 1)
    third = try base(planes.2, 2)
    strides = (planes.0.stride, planes.1.stride, planes.2.stride)
    self.format = format
    self.matrix = matrix
    self.rotation = rotation
    self.crop = crop
  }

  private static func unfit(_ reason: String) -> Refusal { Refusal(.unfit, reason: reason) }

  // MARK: The picture

  private var isTransposed: Bool { rotation == .quarter || rotation == .threeQuarters }

  package var width: Int { isTransposed ? crop.height : crop.width }
  package var height: Int { isTransposed ? crop.width : crop.height }
  /// Whether there is no colour.
  package var isGray: Bool { format == .gray }

  /// A row of the picture where it lies in memory as `channels` bytes a pixel; nil where it does not.
  func rowInPlace(_ row: Int, channels: Int) -> UnsafeBufferPointer<UInt8>? {
    guard rotation == .none, format == .gray && channels == 1 || format == .rgb && channels == 3 else { return nil }
    let start = first + (crop.y + row) * strides.0 + crop.x * channels
    return UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: crop.width * channels)
  }

  /// Writes a row of the picture: red, green and blue of each pixel or, of one channel, the luma of `Image.gray`.
  func write(row: Int, channels: Int, into target: UnsafeMutableBufferPointer<UInt8>) {
    // The first pixel as it lies in memory, and the way to the next.
    let (column, line, step): (Int, Int, (column: Int, line: Int)) =
      switch rotation {
      case .none: (0, row, (1, 0))
      case .quarter: (row, crop.height - 1, (0, -1))
      case .half: (crop.width - 1, crop.height - 1 - row, (-1, 0))
      case .threeQuarters: (crop.width - 1 - row, 0, (0, 1))
      }
    if format.planes > 1 {
      writeYUV(crop.x + column, crop.y + line, step, channels, target)
      return
    }
    let pixelBytes = format.pixelBytes
    let distance = step.line * strides.0 + step.column * pixelBytes
    let start = first.assumingMemoryBound(to: UInt8.self)
    var offset = (crop.y + line) * strides.0 + (crop.x + column) * pixelBytes
    let (red, blue) = format == .bgr || format == .bgra ? (2, 0) : (0, 2)
    for x in 0..<width {
      if format == .gray {
        target[x] = start[offset]
      } else {
        put(start[offset + red], start[offset + 1], start[offset + blue], x, channels, target)
      }
      offset += distance
    }
  }

  private func writeYUV(
    _ column: Int, _ line: Int, _ step: (column: Int, line: Int), _ channels: Int,
    _ target: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let second else { preconditionFailure("a frame of planes has no chroma") }
    let luma = first.assumingMemoryBound(to: UInt8.self)
    let chroma = second.assumingMemoryBound(to: UInt8.self)
    // Of both kinds of chroma: where they begin, a row's bytes, and those from one to the next.
    let (cb, cr): (UnsafePointer<UInt8>, UnsafePointer<UInt8>) =
      switch format {
      case .nv21: (chroma + 1, chroma)
      default: (chroma, third?.assumingMemoryBound(to: UInt8.self) ?? chroma + 1)
      }
    let strides = (luma: strides.0, cb: strides.1, cr: third == nil ? strides.1 : strides.2)
    let distance = third == nil ? 2 : 1
    let conversion = matrix.conversion
    var (column, line) = (column, line)
    for x in 0..<width {
      let (red, green, blue) = conversion.rgb(
        luma[line * strides.luma + column], cb[line / 2 * strides.cb + column / 2 * distance],
        cr[line / 2 * strides.cr + column / 2 * distance])
      put(red, green, blue, x, channels, target)
      column += step.column
      line += step.line
    }
  }

  private func put(
    _ red: UInt8, _ green: UInt8, _ blue: UInt8, _ x: Int, _ channels: Int,
    _ target: UnsafeMutableBufferPointer<UInt8>
  ) {
    if channels == 1 {
      target[x] = Image.luma(red, green, blue)
    } else {
      (target[3 * x], target[3 * x + 1], target[3 * x + 2]) = (red, green, blue)
    }
  }
}

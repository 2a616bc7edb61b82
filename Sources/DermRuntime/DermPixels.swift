import Images
import Tensors

/// How the pixels of an image lie in memory, and which part of them is the picture.
public struct DermPixels: Sendable, Equatable {
  public enum Format: Sendable, CaseIterable {
    /// One byte a pixel.
    case gray
    /// Bytes of a pixel in this order. Alpha is dropped, not composited.
    case rgb, bgr, rgba, bgra
    /// A plane of luma, then chroma of each 2x2 pixels: Cb and Cr in turn, Cr and Cb in turn, or a plane of each.
    case nv12, nv21, i420
  }

  /// How luma and chroma become colours: ITU-R BT.601 with luma 16 to 235 and chroma 16 to 240, as cameras give them,
  /// or with all of 0 to 255, as JPEG does.
  public enum Matrix: Sendable, CaseIterable {
    case bt601Limited, bt601Full
  }

  /// The turn clockwise that makes the picture upright, in degrees.
  public enum Rotation: Int, Sendable, CaseIterable {
    case none = 0
    case quarter = 90
    case half = 180
    case threeQuarters = 270
  }

  /// A rectangle of pixels as they lie in memory, before any turn.
  public struct Crop: Sendable, Equatable {
    public var x, y, width, height: Int

    public init(x: Int, y: Int, width: Int, height: Int) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }
  }

  public var format: Format
  /// Pixels of a row and rows, as they lie in memory.
  public var width: Int
  public var height: Int
  /// Bytes from one row to the next, of luma where there are planes; nil where rows follow each other.
  public var stride: Int?
  /// The same of chroma.
  public var chromaStride: Int?
  /// For planes of luma and chroma.
  public var matrix: Matrix
  public var rotation: Rotation
  /// The part that is the picture; nil for all.
  public var crop: Crop?

  public init(
    _ format: Format, width: Int, height: Int, stride: Int? = nil, chromaStride: Int? = nil,
    matrix: Matrix = .bt601Limited, rotation: Rotation = .none, crop: Crop? = nil
  ) {
    self.format = format
    self.width = width
    self.height = height
    self.stride = stride
    self.chromaStride = chromaStride
    self.matrix = matrix
    self.rotation = rotation
    self.crop = crop
  }

  /// The frame in some planes; those that the format has not are empty.
  func frame(
    _ planes: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer)
  ) throws(DermError) -> PixelFrame {
    func plane(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> PixelFrame.Plane {
      PixelFrame.Plane(bytes, stride: stride(ofPlane: index))
    }
    do throws(Refusal) {
      return try PixelFrame(
        frameFormat, width: width, height: height,
        planes: (plane(planes.0, 0), plane(planes.1, 1), plane(planes.2, 2)),
        matrix: matrix == .bt601Limited ? .bt601Limited : .bt601Full, rotation: frameRotation,
        crop: crop.map { PixelFrame.Rectangle(x: $0.x, y: $0.y, width: $0.width, height: $0.height) })
    } catch {
      throw .inputDoesNotFit("\(error)")
    }
  }

  /// The planes of a frame that follow each other in one block, without gaps between them.
  func planes(
    of block: UnsafeRawBufferPointer
  ) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    guard frameFormat.planes > 1, width > 0, height > 0 else { return (block, none, none) }
    let (first, rest) = block.split(at: stride(ofPlane: 0), times: height)
    let (second, third) = rest.split(at: stride(ofPlane: 1), times: (height - 1) / 2 + 1)
    return frameFormat.planes == 2 ? (first, rest, none) : (first, second, third)
  }

  private func stride(ofPlane index: Int) -> Int {
    let given = index == 0 ? stride : chromaStride
    // Sizes that overflow are refused with the frame.
    guard width > 0, width <= Image.pixelLimit else { return given ?? 0 }
    return given ?? frameFormat.plane(index, width: width, height: 1).rowBytes
  }

  private var frameFormat: PixelFrame.Format {
    switch format {
    case .gray: .gray
    case .rgb: .rgb
    case .bgr: .bgr
    case .rgba: .rgba
    case .bgra: .bgra
    case .nv12: .nv12
    case .nv21: .nv21
    case .i420: .i420
    }
  }

  private var frameRotation: PixelFrame.Rotation {
    switch rotation {
    case .none: .none
    case .quarter: .quarter
    case .half: .half
    case .threeQuarters: .threeQuarters
    }
  }
}

extension UnsafeRawBufferPointer {
  /// So many rows of bytes, or what there is of them, and the rest.
  fileprivate func split(at stride: Int, times rows: Int) -> (UnsafeRawBufferPointer, UnsafeRawBufferPointer) {
    let (wanted, overflow) = stride.multipliedReportingOverflow(by: rows)
    let place = overflow ? count : Swift.max(0, Swift.min(count, wanted))
    return (UnsafeRawBufferPointer(rebasing: self[..<place]), UnsafeRawBufferPointer(rebasing: self[place...]))
  }
}

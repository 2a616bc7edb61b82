import Tensors

/// Brings frames to a model's size and colours, again and again in the same memory.
///
/// What it gives is what `Preprocessing.fit` gives of an image with the same pixels. Memory is taken when a frame is
/// larger than those before; frames of one size take none after the first.
package final class FrameFitter {
  private let preprocessing: Preprocessing
  private var size = (width: 0, height: 0)
  private var resizing: Resizing?
  private var row: [UInt8] = []
  private var between: [UInt8] = []
  private var sums: [Int32] = []
  private var fitted: [UInt8] = []

  package init(_ preprocessing: Preprocessing) {
    self.preprocessing = preprocessing
  }

  /// Lends the pixels of a frame, not yet normalised: of one channel where the frame or the model has no colours, else
  /// of red, green and blue.
  package func fit<Result>(
    _ frame: PixelFrame, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) throws(ImageError) -> Result {
    let channels = frame.isGray || preprocessing.channels == .gray ? 1 : 3
    let resizing = try resizing(of: frame)
    let count = resizing.width * resizing.height * channels
    try FrameFitter.grow(&row, to: frame.width * channels)
    try FrameFitter.grow(&between, to: resizing.betweenBytes(channels: channels))
    try FrameFitter.grow(&sums, to: resizing.sumCount(channels: channels))
    try FrameFitter.grow(&fitted, to: count)
    return fitted.withUnsafeMutableBufferPointer { fitted in
      let fitted = UnsafeMutableBufferPointer(rebasing: fitted[..<count])
      row.withUnsafeMutableBufferPointer { row in
        let row = UnsafeMutableBufferPointer(rebasing: row[..<(frame.width * channels)])
        between.withUnsafeMutableBufferPointer { between in
          sums.withUnsafeMutableBufferPointer { sums in
            let sums = UnsafeMutableBufferPointer(rebasing: sums[..<resizing.sumCount(channels: channels)])
            resizing.run(channels: channels, between: between, sums: sums, into: fitted) { y in
              if let place = frame.rowInPlace(y, channels: channels) { return place }
              frame.write(row: y, channels: channels, into: row)
              return UnsafeBufferPointer(row)
            }
          }
        }
      }
      return body(UnsafeBufferPointer(fitted))
    }
  }

  private func resizing(of frame: PixelFrame) throws(ImageError) -> Resizing {
    if let resizing, size == (frame.width, frame.height) { return resizing }
    let fresh = try preprocessing.resizing(from: (frame.width, frame.height))
    size = (frame.width, frame.height)
    resizing = fresh
    return fresh
  }

  /// Asks first: Swift ends the process where there is no memory.
  private static func grow<Element: FixedWidthInteger>(
    _ memory: inout [Element], to count: Int
  ) throws(ImageError) {
    if memory.count >= count { return }
    guard Memory.has(count * MemoryLayout<Element>.stride) else { throw .outOfMemory }
    memory = []
    memory = Array(repeating: 0, count: count)
  }
}

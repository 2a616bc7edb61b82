package import Tensors

/// The number of a model's input that each of the 256 values of a pixel becomes, for each channel: computed once.
package struct PixelTables: Sendable {
  private let channels: Preprocessing.Channels
  private let pixelCount: Int
  /// 256 for each channel of the input.
  private let floats: [Float]
  /// The same quantized; none where that was not asked for.
  private let bytes: [Int8]

  /// - Parameter quantize: does it to the 256 values a channel can have
  package init(_ preprocessing: Preprocessing, quantize: (([Float]) -> [Int8])? = nil) {
    channels = preprocessing.channels
    pixelCount = preprocessing.height * preprocessing.width
    let tables = preprocessing.tables
    floats = tables.flatMap { $0 }
    bytes = quantize.map { tables.flatMap($0) } ?? []
    precondition(bytes.isEmpty || bytes.count == floats.count, "\(bytes.count) numbers stand for \(floats.count)")
  }

  /// Normalises fitted pixels, of one channel or of red, green and blue, into as many floats as the input has, which
  /// need not be initialised; `layout` says whether channels come last (HWC) or first (CHW).
  package func write(
    _ pixels: UnsafeBufferPointer<UInt8>, layout: Layout, into target: UnsafeMutableBufferPointer<Float>
  ) {
    floats.withUnsafeBufferPointer { look(up: pixels, in: $0, layout, target) }
  }

  /// The same, quantized.
  package func write(
    _ pixels: UnsafeBufferPointer<UInt8>, layout: Layout, into target: UnsafeMutableBufferPointer<Int8>
  ) {
    precondition(!bytes.isEmpty, "pixels are to be quantized, but tables were made without")
    bytes.withUnsafeBufferPointer { look(up: pixels, in: $0, layout, target) }
  }

  private func look<Element>(
    up pixels: UnsafeBufferPointer<UInt8>, in tables: UnsafeBufferPointer<Element>, _ layout: Layout,
    _ target: UnsafeMutableBufferPointer<Element>
  ) {
    let channelCount = channels.count
    // Gray pixels are the value of every channel.
    let isGray = pixels.count == pixelCount
    precondition(
      (isGray || pixels.count == pixelCount * channelCount) && target.count == pixelCount * channelCount,
      "\(pixels.count) pixel values become \(target.count) numbers of an input of \(pixelCount * channelCount)")
    let (pixelStride, channelStride) = layout == .channelsLast ? (channelCount, 1) : (1, pixelCount)
    let sourceStride = isGray ? 1 : channelCount
    for channel in 0..<channelCount {
      let source = isGray ? 0 : channels == .bgr ? 2 - channel : channel
      let table = UnsafeBufferPointer(rebasing: tables[channel * 256..<channel * 256 + 256])
      for index in 0..<pixelCount {
        target[index * pixelStride + channel * channelStride] = table[Int(pixels[index * sourceStride + source])]
      }
    }
  }
}

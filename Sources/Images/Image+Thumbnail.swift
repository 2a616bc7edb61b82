import CImages

extension Image {
  /// The picture as a small JPEG file: upright, its proportion kept, the longer side at most `side` pixels, and nothing
  /// in it but pixels. The same picture gives the same bytes.
  ///
  /// - Parameter side: 1 to 1024
  package func thumbnail(side: Int = 96, quality: Int = 80) throws(ImageError) -> [UInt8] {
    guard (1...1024).contains(side) else { throw .tooLarge(width: side, height: side) }
    let longer = max(width, height)
    func shrunk(_ length: Int) -> Int {
      longer <= side ? length : max(1, Int((Double(length) * Double(side) / Double(longer)).rounded()))
    }
    let small = try resized(width: shrunk(width), height: shrunk(height)).upright()
    // What no picture needs, however hard it is to compress.
    let capacity = 4096 + 4 * small.pixels.count
    var header = cimages_header(
      width: UInt32(small.width), height: UInt32(small.height), channels: UInt32(small.channels), can_be_whole: 1)
    let file = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      count = cimages_write_jpeg(small.pixels, &header, Int32(min(max(quality, 1), 100)), target.baseAddress, capacity)
    }
    guard !file.isEmpty else { throw .outOfMemory }
    return file
  }
}

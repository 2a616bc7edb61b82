import CImages

extension Image {
  /// A PNG file of the pixels as they lie, and nothing else. The same pixels give the same bytes where libpng and zlib
  /// are the same.
  package func png() throws(ImageError) -> [UInt8] {
    // Deflate adds at most some bytes to each block, and a row has a byte for its filter.
    try encoded(capacity: 4096 + (width * channels + 1) * height * 9 / 8) { header, target, capacity in
      cimages_write_png(pixels, &header, target, capacity)
    }
  }

  /// A JPEG file of the pixels as they lie, and nothing else.
  ///
  /// - Parameter quality: 1 to 100
  package func jpeg(quality: Int) throws(ImageError) -> [UInt8] {
    // What no picture needs, however hard it is to compress.
    try encoded(capacity: 4096 + 4 * pixels.count) { header, target, capacity in
      cimages_write_jpeg(pixels, &header, Int32(min(max(quality, 1), 100)), target, capacity)
    }
  }

  private func encoded(
    capacity: Int, _ write: (inout cimages_header, UnsafeMutablePointer<UInt8>?, Int) -> Int
  ) throws(ImageError) -> [UInt8] {
    var header = cimages_header(
      width: UInt32(width), height: UInt32(height), channels: UInt32(channels), can_be_whole: 1)
    let file = [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      count = write(&header, target.baseAddress, capacity)
    }
    guard !file.isEmpty else { throw .outOfMemory }
    return file
  }
}

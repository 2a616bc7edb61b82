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
    return try small.jpeg(quality: quality)
  }
}

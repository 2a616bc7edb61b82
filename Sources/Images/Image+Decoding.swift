import CImages
package import Tensors

extension Image {
  /// Decodes a JPEG or PNG file held in memory, told apart by its first bytes.
  ///
  /// The pixels are those of Pillow's `Image.open`: JPEG through the slow integer DCT with fancy upsampling; PNG of any
  /// depth reduced to 8 bits (of 16 the upper ones), palettes looked up, alpha dropped, not composited. Gray files give
  /// one channel, all others three. An orientation in the EXIF data is not applied, as Pillow and torchvision do not
  /// by default. A damaged or truncated file is refused even where some pixels could be saved.
  ///
  /// Besides the pixels, PNG needs a few rows, and JPEG of several scans (progressive) up to twice the memory of its
  /// pixels. Texts and profiles in the file are passed over, and a file that is too small for the size it declares is
  /// refused before memory is reserved.
  package init(decoding bytes: UnsafeRawBufferPointer) throws(ImageError) {
    guard let format = ImageFormat.all.first(where: { bytes.starts(with: $0.signature) }) else {
      throw .unknownFormat
    }
    let file = bytes.bindMemory(to: UInt8.self)
    var header = cimages_header()
    try format.check { message in format.readHeader(file.baseAddress, file.count, &header, message) }
    let (width, height, channels) = (Int(header.width), Int(header.height), Int(header.channels))
    guard width * height <= Self.pixelLimit else { throw .tooLarge(width: width, height: height) }
    // Before memory is reserved for pixels that cannot come.
    guard header.can_be_whole != 0 else {
      throw .corrupt(
        format: format.name, reason: "\(width) x \(height) pixels are more than \(file.count) bytes can hold")
    }
    let size = width * height * channels
    var pixels: [UInt8] = []
    try format.check { message in
      var status = CIMAGES_OK
      pixels = [UInt8](unsafeUninitializedCapacity: size) { target, count in
        status = format.readPixels(file.baseAddress, file.count, &header, target.baseAddress, message)
        count = status == CIMAGES_OK ? size : 0
      }
      return status
    }
    self.init(width, height, channels, pixels)
  }

  /// Decodes a JPEG or PNG file held in an array.
  package init(decoding bytes: [UInt8]) throws(ImageError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(ImageError) in try Image(decoding: buffer) }
    }
    self = try result.get()
  }

  /// Decodes the JPEG or PNG file at `path`.
  package init(path: String) throws(FileError) {
    let bytes = try MappedFile.contents(of: path)
    do throws(ImageError) {
      self = try Image(decoding: bytes)
    } catch {
      throw FileError(path: path, reason: error.description)
    }
  }
}

/// A file format and the functions that read it.
private struct ImageFormat: Sendable {
  let name: String
  let signature: [UInt8]
  let readHeader:
    @Sendable (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<cimages_header>, UnsafeMutablePointer<CChar>?) ->
      cimages_status
  let readPixels:
    @Sendable (
      UnsafePointer<UInt8>?, Int, UnsafePointer<cimages_header>, UnsafeMutablePointer<UInt8>?,
      UnsafeMutablePointer<CChar>?
    ) -> cimages_status

  static let all = [
    ImageFormat(
      name: "JPEG", signature: [0xFF, 0xD8, 0xFF], readHeader: { cimages_read_jpeg_header($0, $1, $2, $3) },
      readPixels: { cimages_read_jpeg($0, $1, $2, $3, $4) }),
    ImageFormat(
      name: "PNG", signature: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
      readHeader: { cimages_read_png_header($0, $1, $2, $3) },
      readPixels: { cimages_read_png($0, $1, $2, $3, $4) }),
  ]

  /// Calls a reader and turns its status and message into an error.
  func check(_ read: (UnsafeMutablePointer<CChar>?) -> cimages_status) throws(ImageError) {
    var status = CIMAGES_OK
    let message = String(unsafeUninitializedCapacity: Int(CIMAGES_MESSAGE_SIZE)) { buffer in
      buffer.initialize(repeating: 0)
      status = buffer.withMemoryRebound(to: CChar.self) { read($0.baseAddress) }
      return buffer.firstIndex(of: 0) ?? 0
    }
    switch status {
    case CIMAGES_OK: return
    case CIMAGES_UNSUPPORTED: throw .unsupported(format: name, reason: message)
    case CIMAGES_NO_MEMORY: throw .outOfMemory
    default: throw .corrupt(format: name, reason: message)
    }
  }
}

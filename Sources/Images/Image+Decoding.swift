import CImages
package import Tensors

extension Image {
  /// Decodes a JPEG, PNG, WebP, TIFF or BMP file held in memory, told apart by its first bytes.
  ///
  /// The pixels are those of Pillow's `Image.open(...).convert("RGB")`: JPEG through the slow integer DCT with fancy
  /// upsampling; PNG and TIFF of any depth reduced to 8 bits (of 16 the upper ones), palettes looked up, alpha dropped,
  /// not composited; inks of CMYK turned to colours without a profile. Gray files give one channel, all others three.
  /// Of a TIFF with several pages the first is decoded. A damaged or truncated file is refused even where some pixels
  /// could be saved.
  ///
  /// An orientation in EXIF data is kept beside the pixels, as Pillow and torchvision do not apply it by default
  /// either. That in a TIFF they do apply; so it is here.
  ///
  /// Besides the pixels, most files need a few rows or tiles; JPEG of several scans (progressive) up to twice the
  /// memory of its pixels, lossless WebP four bytes for each pixel, TIFF that is turned a second image. Texts and
  /// profiles in the file are passed over, and a file that is too small for the size it declares is refused before
  /// memory is reserved; of WebP no size is too small, as an image of one colour takes no bit for a pixel.
  package init(decoding bytes: UnsafeRawBufferPointer) throws(ImageError) {
    let format = ImageFormat(bytes)
    switch format {
    case .jpeg:
      let pixels = try CReader(format: "JPEG", header: cimages_read_jpeg_header, pixels: cimages_read_jpeg).read(bytes)
      self = pixels.lying(.inJPEG(bytes))
    case .png:
      let pixels = try CReader(format: "PNG", header: cimages_read_png_header, pixels: cimages_read_png).read(bytes)
      self = pixels.lying(.inPNG(bytes))
    case .webp:
      let pixels = try CReader(format: "WebP", header: cimages_read_webp_header, pixels: cimages_read_webp).read(bytes)
      self = pixels.lying(.inWebP(bytes))
    case .tiff:
      let pixels = try CReader(format: "TIFF", header: cimages_read_tiff_header, pixels: cimages_read_tiff).read(bytes)
      self = pixels.lying(.inTIFF(bytes)).upright()
    case .bmp: self = try BMPFile(bytes).image()
    case .notRead(let name): throw .notRead(format: name)
    case nil: throw .unknownFormat
    }
  }

  private func lying(_ orientation: Orientation) -> Image {
    Image(width, height, channels, pixels, orientation: orientation)
  }

  /// Decodes an image file held in an array.
  package init(decoding bytes: [UInt8]) throws(ImageError) {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(ImageError) in try Image(decoding: buffer) }
    }
    self = try result.get()
  }

  /// Decodes the image file at `path`.
  package init(path: String) throws(Refusal) {
    let bytes = try MappedFile.contents(of: path)
    do throws(ImageError) {
      self = try Image(decoding: bytes)
    } catch {
      throw Refusal(file: path, reason: error.description)
    }
  }
}

/// The functions of CImages that read files of a format.
private struct CReader {
  let format: String
  let header:
    (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<cimages_header>?, UnsafeMutablePointer<CChar>?) -> cimages_status
  let pixels:
    (
      UnsafePointer<UInt8>?, Int, UnsafePointer<cimages_header>?, UnsafeMutablePointer<UInt8>?,
      UnsafeMutablePointer<CChar>?
    ) -> cimages_status

  func read(_ bytes: UnsafeRawBufferPointer) throws(ImageError) -> Image {
    let file = bytes.bindMemory(to: UInt8.self)
    var found = cimages_header()
    try check { message in header(file.baseAddress, file.count, &found, message) }
    let (width, height, channels) = (Int(found.width), Int(found.height), Int(found.channels))
    guard Image.mayHave(width: width, height: height) else { throw .tooLarge(width: width, height: height) }
    // Before memory is reserved for pixels that cannot come.
    guard found.can_be_whole != 0 else {
      throw .cannotHold(format: format, width: width, height: height, bytes: file.count)
    }
    let size = width * height * channels
    var pixels: [UInt8] = []
    try check { message in
      var status = CIMAGES_OK
      pixels = [UInt8](unsafeUninitializedCapacity: size) { target, count in
        status = self.pixels(file.baseAddress, file.count, &found, target.baseAddress, message)
        count = status == CIMAGES_OK ? size : 0
      }
      return status
    }
    return Image(width, height, channels, pixels)
  }

  /// Calls a reader and turns its status and message into an error.
  private func check(_ read: (UnsafeMutablePointer<CChar>?) -> cimages_status) throws(ImageError) {
    var status = CIMAGES_OK
    let message = String(unsafeUninitializedCapacity: Int(CIMAGES_MESSAGE_SIZE)) { buffer in
      buffer.initialize(repeating: 0)
      status = buffer.withMemoryRebound(to: CChar.self) { read($0.baseAddress) }
      return buffer.firstIndex(of: 0) ?? 0
    }
    switch status {
    case CIMAGES_OK: return
    case CIMAGES_UNSUPPORTED: throw .unsupported(format: format, reason: message)
    case CIMAGES_NO_MEMORY: throw .outOfMemory
    case CIMAGES_NO_LIBRARY: throw .noLibrary(format: format, reason: message)
    default: throw .corrupt(format: format, reason: message)
    }
  }
}

import CImages

/// A format of image files, told by the first bytes.
enum ImageFormat: Sendable {
  case jpeg, png, webp, tiff, bmp
  /// One that is known by name only.
  case notRead(String)

  /// Nil where the bytes are of no format that is known.
  init?(_ file: UnsafeRawBufferPointer) {
    func begins(_ text: String, at offset: Int = 0) -> Bool {
      file.count >= offset && file[offset...].starts(with: text.utf8)
    }
    func begins(_ bytes: UInt8...) -> Bool { file.starts(with: bytes) }
    if begins(0xFF, 0xD8, 0xFF) {
      self = .jpeg
    } else if begins(0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A) {
      self = .png
    } else if begins("RIFF"), begins("WEBP", at: 8) {
      self = .webp
    } else if begins("II*\0") || begins("MM\0*") || begins("II+\0") || begins("MM\0+") {
      self = .tiff
    } else if begins("BM") {
      self = .bmp
    } else if let name = Self.nameOfMediaFile(file) {
      self = .notRead(name)
    } else if begins("GIF87a") || begins("GIF89a") {
      self = .notRead("GIF")
    } else if begins("DICM", at: 128) {
      self = .notRead("DICOM")
    } else if begins(0xFF, 0x0A) || begins(0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A) {
      self = .notRead("JPEG XL")
    } else if begins(0xFF, 0x4F, 0xFF, 0x51) || begins(0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A) {
      self = .notRead("JPEG 2000")
    } else if begins("8BPS") {
      self = .notRead("Photoshop")
    } else {
      return nil
    }
  }

  /// HEIC and AVIF are kinds of one container, whose first box, `ftyp`, lists what it is compatible with.
  private static func nameOfMediaFile(_ file: UnsafeRawBufferPointer) -> String? {
    guard file.count >= 12, file[4..<8].elementsEqual("ftyp".utf8) else { return nil }
    let size = Int(UInt32(bigEndian: file.loadUnaligned(as: UInt32.self)))
    // The brand, its version, then compatible brands; a list of a few.
    let end = min(size, file.count, 256)
    var brands: [String] = []
    for offset in [8] + stride(from: 16, to: end - 3, by: 4) where offset + 4 <= file.count {
      brands.append(String(decoding: file[offset..<offset + 4], as: UTF8.self))
    }
    if brands.contains(where: { ["avif", "avis"].contains($0) }) { return "AVIF" }
    let isHEIC = brands.contains { ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"].contains($0) }
    if isHEIC { return "HEIC" }
    return brands.contains { ["mif1", "msf1"].contains($0) } ? "HEIF" : nil
  }

  var name: String {
    switch self {
    case .jpeg: "JPEG"
    case .png: "PNG"
    case .webp: "WebP"
    case .tiff: "TIFF"
    case .bmp: "BMP"
    case .notRead(let name): name
    }
  }
}

extension Image {
  /// Endings of the names of image files that are decoded, in lower case.
  package static let fileExtensions: Set = ["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"]

  /// Endings of the names of image files that are not decoded.
  package static let unreadFileExtensions: Set = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpf", "jpx", "jxr", "gif", "dcm", "dicom", "psd", "svg", "tga",
    "jfif",

    "ppm", "pgm", "exr", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2",
  ]
}

import Platform

/// Names of files as the system has them: bytes, which need not be UTF-8.
///
/// A path is a `String` everywhere. A byte that is not part of valid UTF-8 is the scalar U+10FF00 + byte in it, one of
/// the last of the private planes; bytes that spell such a scalar are carried in the same way. So each name is one
/// string, and each string of a name gives its bytes again. Whatever hands a path to the system goes through here.
package enum FileName {
  /// The scalars that stand for bytes.
  package static let carriers: ClosedRange<UInt32> = 0x10FF80...0x10FFFF

  /// The string for a name's bytes.
  package static func string(_ bytes: some Collection<UInt8>) -> String {
    if let plain = String(validating: bytes, as: UTF8.self), !mayCarry(plain) { return plain }
    var result = String.UnicodeScalarView()
    var rest = bytes[...]
    while let first = rest.first {
      if let scalar = scalar(at: rest) {
        result.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else {
        if let carrier = Unicode.Scalar(0x10FF00 + UInt32(first)) { result.append(carrier) }
        rest = rest.dropFirst()
      }
    }
    return String(result)
  }

  package static func string(_ name: UnsafePointer<CChar>) -> String {
    string(UnsafeRawBufferPointer(start: name, count: strlen(name)))
  }

  /// The valid scalar that bytes begin with, unless it stands for a byte itself.
  private static func scalar(at bytes: some Collection<UInt8>) -> Unicode.Scalar? {
    var iterator = bytes.prefix(4).makeIterator()
    var parser = UTF8.ForwardParser()
    guard case .valid(let encoded) = parser.parseScalar(from: &iterator) else { return nil }
    let scalar = UTF8.decode(encoded)
    return carriers.contains(scalar.value) ? nil : scalar
  }

  /// The bytes of a name.
  package static func bytes(_ name: String) -> [UInt8] {
    guard mayCarry(name) else { return Array(name.utf8) }
    var bytes: [UInt8] = []
    for scalar in name.unicodeScalars {
      if carriers.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    return bytes
  }

  /// Calls `body` with a path as the system takes it. One with a zero byte within, which no file can have, is empty
  /// there: it is not cut off.
  package static func withPath<Result>(_ path: String, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    var bytes = bytes(path).map { CChar(bitPattern: $0) }
    if bytes.contains(0) { bytes = [] }
    return (bytes + [0]).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return "".withCString(body) }
      return body(base)
    }
  }

  /// Whether a scalar of the last two rows of the last plane may be in a name: all of them begin with these bytes.
  private static func mayCarry(_ name: String) -> Bool {
    name.utf8.contains(0xF4) && name.unicodeScalars.contains { carriers.contains($0.value) }
  }
}

/// What the system says of a file.
package struct FileStatus {
  package enum Kind: Sendable { case file, folder, other }

  package let kind: Kind
  private let device: UInt
  private let node: UInt

  /// The file a path leads to, over symbolic links; nil where there is none.
  package static func of(_ path: String) throws(Refusal) -> FileStatus? {
    var status = stat()
    switch FileName.withPath(path, { stat($0, &status) == 0 ? 0 : errno }) {
    case 0: return FileStatus(status)
    case ENOENT, ENOTDIR: return nil
    case let failure: throw Refusal(file: path, errno: failure)
    }
  }

  private init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .folder
      default: .other
      }
    device = UInt(status.st_dev)
    node = UInt(status.st_ino)
  }

  /// Whether both are one file, under whatever names.
  package func isSame(as other: FileStatus) -> Bool { device == other.device && node == other.node }
}

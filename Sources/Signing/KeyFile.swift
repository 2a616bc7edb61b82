import Platform
import Tensors

/// Keys in files: PEM around the DER structures of RFC 8410, as OpenSSL reads and writes them.
enum KeyFile {
  static let publicLabel = "PUBLIC KEY"
  static let secretLabel = "PRIVATE KEY"

  /// SubjectPublicKeyInfo of Ed25519 (1.3.101.112) up to the key's 32 bytes, with which it ends.
  static let publicPrefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
  /// PrivateKeyInfo (PKCS #8) of Ed25519 up to the seed's 32 bytes, with which it ends.
  static let secretPrefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  private static let largest = 64 << 10

  static func read(_ path: String) throws(Refusal) -> [UInt8] {
    let file = try MappedFile(path: path)
    guard file.count <= largest else { throw Refusal(file: path, reason: "is too large to be a key") }
    return file.withBytes(Array.init)
  }

  /// Writes a file that is not there yet. After an error it is not there either.
  static func create(_ path: String, _ text: String, mode: mode_t) throws(Refusal) {
    let descriptor = FileName.withPath(path) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
    guard descriptor >= 0 else { throw Refusal(file: path, errno: errno) }
    let bytes = Array(text.utf8)
    var failure: Int32 = 0
    var offset = 0
    while offset < bytes.count, failure == 0 {
      let written = bytes[offset...].withUnsafeBytes { Platform.write(descriptor, $0.baseAddress, $0.count) }
      if written >= 0 { offset += written } else if errno != EINTR { failure = errno }
    }
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    guard failure == 0 else {
      remove(path)
      throw Refusal(file: path, errno: failure)
    }
  }

  static func remove(_ path: String) { FileName.withPath(path) { _ = unlink($0) } }
}

import Tensors

/// Ed25519 (RFC 8032, section 5.1), a signature scheme whose signatures depend on nothing but key and message.
enum Ed25519 {
  /// Bytes of a secret key (the seed of the RFC) and of a public key.
  static let keySize = 32
  static let signatureSize = 64

  static func publicKey(ofSeed seed: [UInt8]) throws(Refusal) -> [UInt8] { try pair(seed).publicKey }

  /// The signature of a message, 64 bytes.
  static func sign(_ message: [UInt8], seed: [UInt8]) throws(Refusal) -> [UInt8] {
    let sodium = try library()
    let secret = try pair(seed).secretKey
    return [UInt8](unsafeUninitializedCapacity: signatureSize) { target, count in
      // Neither of both can fail.
      count = sodium.sign(target.baseAddress, nil, message, UInt64(message.count), secret) == 0 ? signatureSize : 0
    }
  }

  /// Whether a signature of a message was made with the secret key to a public key. Keys and signatures of another size
  /// make none.
  static func verify(
    _ signature: [UInt8], of message: [UInt8], publicKey: [UInt8]
  ) throws(Refusal) -> Bool {
    guard signature.count == signatureSize, publicKey.count == keySize else { return false }
    return try library().verify(signature, message, UInt64(message.count), publicKey) == 0
  }

  static func randomSeed() throws(Refusal) -> [UInt8] {
    let sodium = try library()
    return [UInt8](unsafeUninitializedCapacity: keySize) { target, count in
      sodium.fillRandom(target.baseAddress, keySize)
      count = keySize
    }
  }

  static var noLibrary: Refusal {
    Refusal("signatures need libsodium, which cannot be loaded: install it (Debian: libsodium23 or libsodium26)")
  }

  private static func library() throws(Refusal) -> Sodium {
    guard let sodium = Sodium.loaded else { throw noLibrary }
    return sodium
  }

  /// The key pair of a seed of 32 bytes; libsodium's secret key is the seed followed by the public key.
  private static func pair(_ seed: [UInt8]) throws(Refusal) -> (publicKey: [UInt8], secretKey: [UInt8]) {
    let sodium = try library()
    var publicKey = [UInt8](repeating: 0, count: keySize)
    var secretKey = [UInt8](repeating: 0, count: 2 * keySize)
    _ = sodium.keyPair(&publicKey, &secretKey, seed)
    return (publicKey, secretKey)
  }
}

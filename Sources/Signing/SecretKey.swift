package import Tensors

/// An Ed25519 secret key: who has it can sign.
package struct SecretKey: Sendable {
  private let seed: [UInt8]
  package let publicKey: PublicKey

  /// The key of a seed of 32 bytes (RFC 8032); nil where it has another size.
  init?(seed: [UInt8]) throws(Refusal) {
    guard seed.count == Ed25519.keySize, let key = PublicKey(bytes: try Ed25519.publicKey(ofSeed: seed)) else {
      return nil
    }
    self.seed = seed
    publicKey = key
  }

  /// Reads a PEM file as `openssl genpkey -algorithm ed25519` writes it (PKCS #8, RFC 8410).
  package init(path: String) throws(Refusal) {
    guard let pem = PEM(try KeyFile.read(path)) else {
      throw Refusal(file: path, reason: "is not a secret key in PEM form; dermc sign --new-key FILE makes one")
    }
    guard pem.label == KeyFile.secretLabel else {
      let remedy =
        switch pem.label {
        case KeyFile.publicLabel: "; signing needs the secret one"
        case "ENCRYPTED PRIVATE KEY": "; openssl pkey decrypts it"
        default: ""
        }
      throw Refusal(file: path, reason: "expected a PRIVATE KEY, found a \(pem.label)\(remedy)")
    }
    guard pem.bytes.starts(with: KeyFile.secretPrefix),
      let key = try SecretKey(seed: Array(pem.bytes.dropFirst(KeyFile.secretPrefix.count)))
    else { throw Refusal(file: path, reason: "is not an Ed25519 key: no other kind is used here") }
    self = key
  }

  /// Makes a new key and writes it to `path`, readable by its owner alone, and its public half to `publicPath`.
  ///
  /// Files that are there already are refused: a key that is lost cannot be made again.
  package static func create(at path: String) throws(Refusal) -> (key: SecretKey, publicPath: String) {
    guard let key = try SecretKey(seed: Ed25519.randomSeed()) else { throw Ed25519.noLibrary }
    let publicPath = path + ".pub"
    let secret = PEM(label: KeyFile.secretLabel, bytes: KeyFile.secretPrefix + key.seed).text
    try KeyFile.create(publicPath, key.publicKey.pem, mode: 0o644)
    do throws(Refusal) {
      try KeyFile.create(path, secret, mode: 0o600)
    } catch {
      KeyFile.remove(publicPath)
      throw error
    }
    return (key, publicPath)
  }

  /// The signature of a message, 64 bytes: the same for the same message.
  package func sign(_ message: [UInt8]) throws(Refusal) -> [UInt8] { try Ed25519.sign(message, seed: seed) }
}

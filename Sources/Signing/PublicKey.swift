package import Hashing
package import Tensors

/// An Ed25519 public key: who has it can check signatures, not make them.
package struct PublicKey: Sendable, Hashable {
  /// The 32 bytes of the key.
  package let bytes: [UInt8]
  /// SHA-256 of the key: signatures name it to say whose they are.
  package let id: KeyID

  /// Nil unless there are 32 bytes.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Ed25519.keySize else { return nil }
    self.bytes = bytes
    id = KeyID(SHA256(of: bytes))
  }

  /// Reads a PEM file as `openssl pkey -pubout` writes it (RFC 8410).
  package init(path: String) throws(Refusal) {
    self = try PublicKey(pem: KeyFile.read(path), path: path)
  }

  /// Reads the text of such a file; `path` names it in errors.
  package init(pem text: [UInt8], path: String) throws(Refusal) {
    guard let pem = PEM(text) else { throw Refusal(file: path, reason: "is not a public key in PEM form") }
    guard pem.label == KeyFile.publicLabel else {
      let remedy = pem.label.hasSuffix("PRIVATE KEY") ? "; keep that one to yourself and give the public one" : ""
      throw Refusal(file: path, reason: "expected a PUBLIC KEY, found a \(pem.label)\(remedy)")
    }
    guard pem.bytes.starts(with: KeyFile.publicPrefix),
      let key = PublicKey(bytes: Array(pem.bytes.dropFirst(KeyFile.publicPrefix.count)))
    else { throw Refusal(file: path, reason: "is not an Ed25519 key: no other kind is used here") }
    self = key
  }

  /// The text of a PEM file.
  package var pem: String { PEM(label: KeyFile.publicLabel, bytes: KeyFile.publicPrefix + bytes).text }

  /// Whether a signature of a message was made with the secret key to this one.
  package func verifies(_ signature: [UInt8], of message: [UInt8]) throws(Refusal) -> Bool {
    try Ed25519.verify(signature, of: message, publicKey: bytes)
  }

  package static func == (one: PublicKey, other: PublicKey) -> Bool { one.bytes == other.bytes }
  package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// What a key is called: the SHA-256 of its public half.
package struct KeyID: Sendable, Hashable, CustomStringConvertible {
  package let hash: SHA256

  package init(_ hash: SHA256) { self.hash = hash }

  /// The first 16 hexadecimal digits, enough to tell keys of one house apart.
  package var description: String { String(hash.hex.prefix(16)) }
}

package import Hashing
package import Signing
package import Tensors

/// A signature over a bundle's root hash, and with it over every byte: 144 bytes after the last section, or in a file
/// of their own beside the bundle, as `docs/format.md` specifies them.
package struct BundleSignature: Sendable, Equatable {
  static let magic = Array("DERMSIGN".utf8)
  static let size = 144
  /// Where the hash begins that covers the bytes before it.
  private static let hashOffset = 112
  private static let ed25519: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
  /// Signed before the root hash, so that a signature of this key for another purpose is none of a bundle.
  private static let context = Array("DERM bundle signature v1".utf8)

  /// The key that made it, as the signature says; only checking it tells.
  package let key: KeyID
  /// The Ed25519 signature.
  let bytes: [UInt8]

  /// Signs a root hash.
  package init(of root: SHA256, by key: SecretKey) throws(Refusal) {
    self.key = key.publicKey.id
    bytes = try key.sign(BundleSignature.message(root))
  }

  /// Reads the block that belongs to a root hash; `path` names the file it is in.
  init(_ block: UnsafeRawBufferPointer, of root: SHA256, path: String) throws(Refusal) {
    guard block.starts(with: BundleSignature.magic) else {
      throw .unsupported(file: path, "is not a signature of a bundle: it does not begin with DERMSIGN")
    }
    guard block.count == BundleSignature.size else {
      throw .damaged(
        file: path,
        "the signature is \(block.count) bytes long instead of \(BundleSignature.size): it is cut off or has grown")
    }
    guard
      block[BundleSignature.hashOffset...].elementsEqual(
        BundleSignature.hash(Array(block[..<BundleSignature.hashOffset]), root).bytes)
    else { throw .damaged(file: path, "the signature is damaged, or that of another bundle (SHA-256 differs)") }
    guard block[8..<16].elementsEqual(BundleSignature.ed25519), let id = SHA256(bytes: Array(block[16..<48])) else {
      throw .unsupported(file: path, "is signed in a way that this dermc does not know")
    }
    key = KeyID(id)
    bytes = Array(block[48..<BundleSignature.hashOffset])
  }

  /// The block that belongs to a root hash.
  func block(of root: SHA256) -> [UInt8] {
    let start = BundleSignature.magic + BundleSignature.ed25519 + key.hash.bytes + bytes
    return start + BundleSignature.hash(start, root).bytes
  }

  /// Whether the signature of a root hash was made with the secret key to a public one.
  func holds(for root: SHA256, key: PublicKey) throws(Refusal) -> Bool {
    try key.verifies(bytes, of: BundleSignature.message(root))
  }

  /// What is signed.
  private static func message(_ root: SHA256) -> [UInt8] { context + root.bytes }

  /// It protects the block from accidents where nobody has a key, and shows that it belongs to the bundle.
  private static func hash(_ start: [UInt8], _ root: SHA256) -> SHA256 { SHA256(of: root.bytes + start) }
}

extension BundleFile {
  /// Where the signature of a bundle lies that is not in the file itself.
  package static func signaturePath(_ path: String) -> String { path + ".sig" }

  /// The signature beside the file; nil where there is none.
  package func detachedSignature() throws(Refusal) -> BundleSignature? {
    let path = BundleFile.signaturePath(path)
    // Only where there certainly is nothing the bundle is without signature.
    let file: MappedFile
    guard try FileStatus.of(path) != nil else { return nil }
    file = try MappedFile(path: path)
    return try file.withBytes { (bytes) throws(Refusal) in try BundleSignature(bytes, of: rootHash, path: path) }
  }

  /// Refuses a bundle that none of some keys has signed. No section is looked at before; that they are those that were
  /// signed is known when `read` or `verify` have found their hashes to hold.
  ///
  /// A signature in the file comes before one beside it, which is not looked at where the first names one of the keys;
  /// the one that does must hold.
  ///
  /// - Returns: the key that signed it
  @discardableResult
  package func requireSignature(by keys: [PublicKey]) throws(Refusal) -> PublicKey {
    let names = keys.map { "\($0.id)" }.joined(separator: ", ")
    guard !keys.isEmpty else { throw .untrusted(file: path, "a signature is demanded, but no key is trusted") }
    if let signature, let key = try maker(of: signature, among: keys) { return key }
    let detached = try detachedSignature()
    if let detached, let key = try maker(of: detached, among: keys) { return key }
    guard let other = signature ?? detached else {
      throw .untrusted(file: path, "is not signed; a signature by key \(names) is demanded")
    }
    throw .untrusted(file: path, "is signed by key \(other.key), which is not trusted; trusted: \(names)")
  }

  /// The key a signature names; nil where it is none of some keys. Refuses a signature that is not by the key it names.
  private func maker(
    of signature: BundleSignature, among keys: [PublicKey]
  ) throws(Refusal) -> PublicKey? {
    guard let key = keys.first(where: { $0.id == signature.key }) else { return nil }
    let holds: Bool
    do throws(Refusal) { holds = try signature.holds(for: rootHash, key: key) } catch {
      throw error.about("its signature cannot be checked").of(file: path, .untrusted)
    }
    guard holds else {
      throw .untrusted(
        file: path, "the signature by key \(key.id) does not hold: the bundle or the signature was changed since")
    }
    return key
  }

  /// Writes the bundle with a signature in it, in the place of any that was there; after an error nothing is changed.
  package func write(signature: BundleSignature, to path: String) throws(Refusal) {
    let block = Buffer(count: BundleSignature.size) { $0.copyBytes(from: signature.block(of: rootHash)) }
    try mapped.withBytes { (bytes) throws(Refusal) in
      let contents = UnsafeRawBufferPointer(rebasing: bytes[..<contentSize])
      try block.withBytes { (block) throws(Refusal) in try OutputFile.write([contents, block], to: path) }
    }
  }

  /// Writes a signature into a file of its own.
  package func writeDetached(_ signature: BundleSignature) throws(Refusal) {
    let block = signature.block(of: rootHash)
    try OutputFile.write(block, to: BundleFile.signaturePath(path))
  }
}

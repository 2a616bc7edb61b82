import Signing
package import Tensors

/// What `dermc sign --new-key` does: makes a new pair of keys.
package struct KeyMaking {
  private let path: String

  /// - Parameter path: where the secret key goes; the public one goes beside it
  package init(at path: String) { self.path = path }

  /// Makes them; returns lines that say where they are.
  package func run() throws(Refusal) -> [String] {
    let (key, publicPath) = try SecretKey.create(at: path)
    return [
      "\(path): secret key \(key.publicKey.id); who has it can sign",
      "\(publicPath): public key \(key.publicKey.id); for those who check signatures",
    ]
  }
}

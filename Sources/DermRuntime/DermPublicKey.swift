import Signing
import Tensors

/// Whose signature a bundle must have: an Ed25519 public key, as `dermc sign --new-key` and OpenSSL write it.
public struct DermPublicKey: Sendable, Hashable, CustomStringConvertible {
  let key: PublicKey

  /// Reads a PEM file.
  public init(path: String) throws(DermError) {
    do throws(Refusal) {
      key = try PublicKey(path: path)
    } catch {
      throw error.kind == .unreadable ? .unreadableFile("\(error)") : .invalidKey("\(error)")
    }
  }

  /// Reads the text of a PEM file: keys that are built into an app cannot be exchanged beside it.
  public init(pem: String) throws(DermError) {
    do throws(Refusal) {
      key = try PublicKey(pem: Array(pem.utf8), path: "public key")
    } catch {
      throw .invalidKey("\(error)")
    }
  }

  /// What signatures call the key.
  public var description: String { "\(key.id)" }
}

import Bundles
import Signing

/// What `dermc sign` does: checks a bundle whole, then signs its root hash.
package struct BundleSigning {
  package enum Place: Sendable {
    /// In a bundle, which is replaced where it is there already.
    case file(String)
    /// In a file of its own beside the bundle.
    case beside
  }

  package let path: String
  private let file: BundleFile
  private let key: SecretKey

  /// Opens a bundle and the key to sign it with. What is damaged or makes no model is refused: nobody should sign it.
  package init(_ path: String, keyPath: String) throws(Diagnostic) {
    self.path = path
    do throws(SigningError) { key = try SecretKey(path: keyPath) } catch { throw .refused("\(error)") }
    do throws(BundleError) {
      file = try BundleReader.open(path)
      _ = try file.read()
    } catch {
      throw .refused("\(error)")
    }
  }

  /// The file that `sign` writes.
  package static func output(_ place: Place, for path: String) -> String {
    switch place {
    case .file(let output): output
    case .beside: BundleFile.signaturePath(path)
    }
  }

  /// Signs; returns lines that say what was done.
  package func sign(_ place: Place) throws(Diagnostic) -> [String] {
    let signature: BundleSignature
    do throws(SigningError) {
      signature = try BundleSignature(of: file.rootHash, by: key)
    } catch {
      throw .refused("\(error)")
    }
    do throws(BundleError) {
      switch place {
      case .file(let output): try file.write(signature: signature, to: output)
      case .beside: try file.writeDetached(signature)
      }
    } catch {
      throw .refused("\(error)")
    }
    return ["signed by key \(signature.key)"]
  }

  /// Makes a new pair of keys; returns lines that say where.
  package static func makeKey(at path: String) throws(Diagnostic) -> [String] {
    do throws(SigningError) {
      let (key, publicPath) = try SecretKey.create(at: path)
      return [
        "\(path): secret key \(key.publicKey.id); who has it can sign",
        "\(publicPath): public key \(key.publicKey.id); for those who check signatures",
      ]
    } catch {
      throw .refused("\(error)")
    }
  }
}

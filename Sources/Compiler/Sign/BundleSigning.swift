import Bundles
import Signing
package import Tensors

/// What `dermc sign` does: checks a bundle whole, then signs its root hash.
package struct BundleSigning {
  package enum Place: Sendable {
    /// In a bundle, which is replaced where it is there already.
    case file(String)
    /// In a file of its own beside the bundle.
    case beside
  }

  private let path: String
  private let keyPath: String
  private let place: Place

  package init(_ path: String, keyPath: String, to place: Place) {
    self.path = path
    self.keyPath = keyPath
    self.place = place
  }

  /// The file that is written.
  package var output: String {
    switch place {
    case .file(let output): output
    case .beside: BundleFile.signaturePath(path)
    }
  }

  /// Signs; returns lines that say what was done. What is damaged or makes no model is refused: nobody should sign it.
  package func run() throws(Refusal) -> [String] {
    let key: SecretKey
    let file: BundleFile
    key = try SecretKey(path: keyPath)
    file = try BundleReader.open(path)
    if file.isPart { _ = try PartMerge.text(of: path) } else { _ = try file.read() }
    let signature = try BundleSignature(of: file.rootHash, by: key)
    switch place {
    case .file(let output): try file.write(signature: signature, to: output)
    case .beside: try file.writeDetached(signature)
    }
    return ["signed by key \(signature.key)"]
  }
}

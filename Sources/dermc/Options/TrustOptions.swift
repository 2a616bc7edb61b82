import ArgumentParser
import Compiler
import Signing
import Tensors

/// Whose signature a bundle must have: commands that rely on one take this.
struct TrustOptions: ParsableArguments {
  @Option(
    name: .customLong("public-key"),
    help: ArgumentHelp(
      "Refuse a bundle that is not signed by this key (PEM); of several, by any of them.", valueName: "file"))
  var publicKeys: [String] = []

  /// Nil where no signature is demanded.
  func keys() throws(Refusal) -> [PublicKey]? {
    guard !publicKeys.isEmpty else { return nil }
    var keys: [PublicKey] = []
    for path in publicKeys {
      keys.append(try PublicKey(path: path))
    }
    return keys
  }
}

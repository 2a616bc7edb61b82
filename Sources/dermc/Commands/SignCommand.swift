import ArgumentParser
import Compiler
import Tensors
import Texts

struct SignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Sign a bundle, so that others can check who made it; make the keys for it.",
    discussion: """
      The signature is put into the bundle, which is replaced, or written beside it. Keys are Ed25519 in PEM files, as
      OpenSSL makes them, too. docs/signing.md says how to keep and exchange keys, and what signatures protect from.

      EXAMPLES
        dermc sign --new-key release.pem
        dermc sign model.derm --key release.pem
        dermc sign model.derm --key release.pem --detached
        dermc verify model.derm --public-key release.pem.pub
      """)

  @Argument(help: "A bundle (.derm).")
  var bundle: String?

  @Option(help: ArgumentHelp("The secret key to sign with.", valueName: "file"))
  var key: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Write the signed bundle here.", valueName: "file"))
  var output: String?

  @Flag(help: "Write the signature beside the bundle, as BUNDLE.sig.")
  var detached = false

  @Option(
    help: ArgumentHelp("Make a secret key in this file, and its public key in FILE.pub.", valueName: "file"))
  var newKey: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    if let newKey {
      guard bundle == nil, key == nil, output == nil, !detached else {
        throw Refusal.usage("--new-key makes keys and nothing else; sign with --key afterwards")
      }
      return show(try KeyMaking(at: newKey).run())
    }
    guard let bundle else { throw Refusal.usage("sign: expected a bundle to sign, or --new-key") }
    guard let key else { throw Refusal.usage("\(bundle): give a secret key with --key; --new-key makes one") }
    guard output == nil || !detached else { throw Refusal.usage("give either --output or --detached") }
    let signing = BundleSigning(bundle, keyPath: key, to: detached ? .beside : .file(output ?? bundle))
    try Outputs.check([signing.output], inputs: [key])
    show(try signing.run().map { "\(signing.output): \($0)" })
  }

  private func show(_ lines: [String]) {
    if !common.quiet {
      for line in lines { Console.output(Printable.name(line, limit: .max)) }
    }
  }
}

import ArgumentParser
import Compiler
import Reports
import Texts

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a bundle: hashes, structure, its self-test on this machine, and who signed it.",
    discussion: """
      Without --public-key this finds accidents, but not what someone has changed on purpose.

      EXAMPLES
        dermc verify model.derm
        dermc verify model.derm --public-key release.pem.pub
      """)

  @Argument(help: "A bundle (.derm).")
  var bundle: String

  @OptionGroup var trust: TrustOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let lines = try Verification(bundle, threads: try common.threadCount(), trusting: try trust.keys()).run()
    if !common.quiet {
      let name = Printable.name(bundle, limit: 400)
      for line in lines { Console.output("\(name): \(line)") }
    }
  }
}

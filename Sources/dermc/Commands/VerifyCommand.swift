import ArgumentParser
import Compiler

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a bundle: hashes, structure, and its self-test on this machine.",
    discussion: """
      EXAMPLES
        dermc verify model.derm
      """)

  @Argument(help: "A bundle (.derm).")
  var bundle: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    let lines = try BundleCheck.run(bundle, threads: try common.threadCount())
    if !common.quiet {
      for line in lines { Console.output("\(bundle): \(line)") }
    }
  }
}

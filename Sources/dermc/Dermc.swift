import ArgumentParser
import Compiler
import Glibc

/// The command line.
@main
struct Dermc: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dermc",
    abstract: "Makes trained image classifiers small enough for phones and CPUs without losing the diagnosis.",
    discussion: """
      EXAMPLES
        dermc compile model.onnx --int8 --calib data/calib
        dermc stats model.onnx --per-layer
        dermc eval model.derm data/eval --against model.onnx
        dermc run model.derm lesion.jpg
      """,
    version: Provenance.version,
    subcommands: [
      CompileCommand.self, StatsCommand.self, EvalCommand.self, RunCommand.self, ConvertCommand.self,
      BenchCommand.self, GateCommand.self, VerifyCommand.self, SignCommand.self,
    ])

  /// Parses and runs; exit codes are those of `Diagnostic.Code`.
  static func main() {
    // A file that grows past the limit of its size is an error of writing, not a reason to be killed.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try CommandName.check(Array(CommandLine.arguments.dropFirst()))
      var command = try parseAsRoot()
      try command.run()
    } catch let diagnostic as Diagnostic {
      Console.exit(diagnostic)
    } catch {
      end(error)
    }
  }

  /// Ends as the argument parser wants: with help, the version, or what is wrong with the command line.
  private static func end(_ error: any Error) -> Never {
    let message = fullMessage(for: error)
    let code = exitCode(for: error)
    guard code.isSuccess else {
      Console.standardError(message + "\n")
      // Every error a command throws on purpose is a diagnostic.
      Glibc.exit((code == .validationFailure ? Diagnostic.Code.wrongUsage : .defect).rawValue)
    }
    Console.output(message)
    Glibc.exit(0)
  }
}

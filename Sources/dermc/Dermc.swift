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
      BenchCommand.self, GateCommand.self, VerifyCommand.self,
    ])

  /// Parses and runs; exit codes are those of `Diagnostic.Code`.
  static func main() {
    var command: any ParsableCommand
    do {
      command = try parseAsRoot()
    } catch {
      let message = fullMessage(for: error)
      if exitCode(for: error).isSuccess {
        print(message)
        Glibc.exit(0)
      }
      Console.error(message)
      Glibc.exit(Diagnostic.Code.wrongUsage.rawValue)
    }
    do {
      try command.run()
    } catch let diagnostic as Diagnostic {
      Console.error("dermc: \(diagnostic)")
      Glibc.exit(diagnostic.code.rawValue)
    } catch {
      let message = fullMessage(for: error)
      if exitCode(for: error).isSuccess {
        print(message)
        Glibc.exit(0)
      }
      Console.error(message)
      Glibc.exit(error is ValidationError ? Diagnostic.Code.wrongUsage.rawValue : Diagnostic.Code.defect.rawValue)
    }
  }
}

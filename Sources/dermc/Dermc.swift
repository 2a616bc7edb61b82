import ArgumentParser
import Compiler
import Platform
import Tensors
import Texts

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
      BenchCommand.self, GateCommand.self, CompareCommand.self, VerifyCommand.self, SignCommand.self,
      DoctorCommand.self, AnalyzeCommand.self, SweepCommand.self, CalibrateCommand.self, MergeCommand.self,
    ])

  /// Parses and runs; exit codes are those of `ExitCode`.
  static func main() { ToolProcess.run("dermc") { Dermc.work() } }

  private static func work() -> Never {
    do {
      try Machine.checkInstructionSet()
      let arguments = ToolProcess.arguments
      guard !arguments.isEmpty else { endWithoutCommand() }
      try CommandName.check(arguments)
      var command = try parseAsRoot(arguments)
      try command.run()
      Console.finish()
    } catch let refusal as Refusal {
      Console.exit(refusal)
    } catch {
      end(error)
    }
  }

  /// Nothing was asked for, or it was lost on the way: never a success.
  private static func endWithoutCommand() -> Never {
    Console.standardError(helpMessage() + "\n")
    Platform.exit(ExitCode.wrongUsage.rawValue)
  }

  /// Ends as the argument parser wants: with help, the version, or what is wrong with the command line.
  private static func end(_ error: any Error) -> Never {
    let message = fullMessage(for: error)
    let code = exitCode(for: error)
    guard code.isSuccess else {
      // The lines may repeat what stands on the command line.
      for line in message.split(separator: "\n", omittingEmptySubsequences: false) {
        Console.standardError(Printable.name(String(line), limit: .max) + "\n")
      }
      // Every error a command throws on purpose is a refusal.
      Platform.exit((code == .validationFailure ? ExitCode.wrongUsage : .defect).rawValue)
    }
    Console.output(message)
    Console.finish()
  }
}

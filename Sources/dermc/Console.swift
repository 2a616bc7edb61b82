import CanonicalJSON
import Compiler
import Platform
import Tensors
import Texts

/// Standard output for what was asked for, standard error for everything else people read.
enum Console {
  /// A line of output.
  static func output(_ line: String) { text(line + "\n") }

  /// Text that ends its own lines. Ends the program where it cannot be written, since a pipe or a disk may fail, and
  /// where an input it was made from has changed.
  static func text(_ text: String) {
    refuseChangedInputs()
    check(ToolProcess.write(text, to: 1))
  }

  /// Ends the program as done: everything is written, and the inputs are those it began with.
  static func finish() -> Never {
    refuseChangedInputs()
    check(ToolProcess.closeOutput())
    Platform.exit(0)
  }

  private static func check(_ failure: Int32) {
    if failure != 0 { exit(Refusal("standard output cannot be written: \(String(cString: strerror(failure)))")) }
  }

  private static func refuseChangedInputs() {
    do throws(Refusal) { try ToolProcess.checkInputs() } catch { exit(error) }
  }

  /// JSON for machines.
  static func json(_ json: JSON) { text(String(decoding: json.prettyBytes(), as: UTF8.self)) }

  /// A message for people: always one line, whatever names from files are in it.
  static func message(_ text: String) { standardError("dermc: \(Printable.name(text, limit: .max))\n") }

  /// Ends with one line on standard error; with `--verbose` a line for each thing that is wrong before it.
  static func exit(_ refusal: Refusal) -> Never {
    var refusal = refusal
    // What is wrong with a file that changed meanwhile says nothing about it.
    do throws(Refusal) { try ToolProcess.checkInputs() } catch { refusal = error }
    if isVerbose { refusal.details.forEach(message) }
    message(refusal.description)
    Platform.exit(refusal.exitCode.rawValue)
  }

  /// Writes text as it is to standard error.
  static func standardError(_ text: String) { _ = ToolProcess.write(text, to: 2) }

  /// Asked of the command line itself: a refusal may come before a command has read its options, or after.
  private static var isVerbose: Bool { ToolProcess.arguments.contains { $0 == "--verbose" || $0 == "-v" } }

  static var isTerminal: Bool { isatty(2) == 1 }
}

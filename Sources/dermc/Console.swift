import CanonicalJSON
import Compiler
import Glibc
import Texts

/// Standard output for what was asked for, standard error for everything else people read.
enum Console {
  /// A line of output.
  static func output(_ line: String) { text(line + "\n") }

  /// Text that ends its own lines. Ends the program where it cannot be written: a pipe or a disk may fail.
  static func text(_ text: String) {
    let failure = write(text, to: 1)
    if failure != 0 { exit(.refused("standard output cannot be written: \(String(cString: strerror(failure)))")) }
  }

  /// JSON for machines.
  static func json(_ json: JSON) { text(String(decoding: json.prettyBytes(), as: UTF8.self)) }

  /// A message for people: always one line, whatever names from files are in it.
  static func message(_ text: String) { standardError("dermc: \(Printable.name(text, limit: .max))\n") }

  /// Ends with a diagnostic on standard error.
  static func exit(_ diagnostic: Diagnostic) -> Never {
    message(diagnostic.description)
    Glibc.exit(diagnostic.code.rawValue)
  }

  /// Writes text as it is to standard error.
  static func standardError(_ text: String) { _ = write(text, to: 2) }

  static var isTerminal: Bool { isatty(2) == 1 }

  /// Zero, or the number of the error that stopped the writing.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let written = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if written < 0 {
          if errno == EINTR { continue }
          return errno
        }
        offset += written
      }
      return 0
    }
  }
}

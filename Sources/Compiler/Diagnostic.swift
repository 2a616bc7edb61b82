/// An error as the command line reports it: one line and an exit code.
package struct Diagnostic: Error, CustomStringConvertible {
  package enum Code: Int32, Sendable {
    /// A gate or a verification failed.
    case failed = 1
    case wrongUsage = 2
    /// An input was refused.
    case refused = 3
    /// A defect of dermc.
    case defect = 70
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  package static func refused(_ description: String) -> Diagnostic { Diagnostic(.refused, description) }
  package static func usage(_ description: String) -> Diagnostic { Diagnostic(.wrongUsage, description) }
}

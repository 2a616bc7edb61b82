/// A reader under test, together with everything dermc does with what it read.
///
/// One file for each conformer, and a line in `FuzzTargets`.
package protocol FuzzTarget: Sendable {
  /// The name of the target's folder in `fixtures/fuzz`, and on the command line of `scripts/fuzz`.
  static var name: String { get }

  /// The largest input that is made; small ones run more often.
  static var largestInput: Int { get }

  /// Reads bytes as dermc would and uses what was read. Returns for any bytes, with an error handled or without one.
  static func run(_ bytes: [UInt8])

  /// Another input like this one, with lengths, checksums and hashes repaired so that the change gets past them. Nil
  /// where the input has no structure left: then bytes are changed.
  static func mutated(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8]?

  /// Inputs to begin with, besides those in `fixtures/fuzz`.
  ///
  /// - Parameter root: the folder of the project
  static func seeds(root: String) throws -> [[UInt8]]
}

extension FuzzTarget {
  package static var largestInput: Int { 16 << 10 }
}

/// All targets.
package enum FuzzTargets {
  package static let all: [any FuzzTarget.Type] = [
    BundleTarget.self,
    ImagesTarget.self,
    JSONTarget.self,
    LabelsTarget.self,
    NumPyTarget.self,
    ONNXTarget.self,
    PartsTarget.self,
    TFLiteTarget.self,
    TarTarget.self,
  ]
}

/// Ends the process where a property does not hold, which is a finding.
func require(_ condition: Bool, _ property: @autoclosure () -> String) {
  if !condition { fatalError(property()) }
}

/// A message must be one line without control characters, short enough for a terminal.
func requireLine(_ message: String) {
  require(!message.isEmpty && message.utf8.count < 1 << 16, "an error message is empty or endless")
  require(!message.utf8.contains { $0 < 0x20 }, "an error message has control characters: \(message)")
}

import Math
import Platform
package import Tensors
import Threads

/// What this machine offers.
package enum Machine {
  /// Processors this process may run on.
  package static var processors: Int {
    max(1, min(256, Workers.processors))
  }

  /// The instruction set kernels are chosen for.
  package static var instructionSet: String { InstructionSet.name }

  /// Refuses a DERMC_ISA that names no instruction set.
  package static func checkInstructionSet() throws(Refusal) {
    if let problem = InstructionSet.problem { throw .usage(problem) }
  }

  /// Seconds on a clock that only goes forward.
  package static func seconds() -> Double { Clock.seconds }
}

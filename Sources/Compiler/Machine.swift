import Glibc
import Math

/// What this machine offers.
package enum Machine {
  /// Processors this process may run on.
  package static var processors: Int {
    var set = cpu_set_t()
    guard sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set) == 0 else { return 1 }
    let count = withUnsafeBytes(of: &set) { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
    return max(1, min(256, count))
  }

  /// The instruction set kernels are chosen for.
  package static var instructionSet: String { InstructionSet.name }

  /// Seconds on a clock that only goes forward.
  package static func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

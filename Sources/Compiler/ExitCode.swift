package import Tensors

/// How the program ends, for shells and CI.
package enum ExitCode: Int32, Sendable {
  /// A gate or a verification failed.
  case failed = 1
  case wrongUsage = 2
  /// An input was refused.
  case refused = 3
  /// A defect of dermc.
  case defect = 70
}

extension Refusal {
  package var exitCode: ExitCode {
    switch kind {
    case .failed: .failed
    case .usage: .wrongUsage
    case .defect: .defect
    case .refused, .unreadable, .damaged, .foreign, .unsupported, .malformed, .oversized, .untrusted, .unfit,
      .outOfReach:
      .refused
    }
  }
}

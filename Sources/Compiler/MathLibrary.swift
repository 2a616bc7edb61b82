package import Math
import OpenBLASMath

/// Who computes float32 convolutions and matrix products. Int8 always runs on dermc's kernels.
package enum MathLibrary: String, Sendable, CaseIterable {
  /// Dermc's own: the same bits on every processor and number of threads, which calibration and self-tests need.
  case kernels
  case openblas

  package var math: any FloatMath {
    switch self {
    case .kernels: KernelMath()
    case .openblas: OpenBLASMath()
    }
  }
}

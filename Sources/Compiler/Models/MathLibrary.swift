package import Math

#if OpenBLAS
import OpenBLASMath
package import Tensors
#endif

/// Who computes float32 convolutions and matrix products. Int8 always runs on dermc's kernels.
package enum MathLibrary: String, Sendable, CaseIterable {
  /// Dermc's own: the same bits on every processor and number of threads, which calibration and self-tests need.
  case kernels
  case openblas

  /// Refuses where a library that was asked for cannot be loaded.
  package func math() throws(Refusal) -> any FloatMath {
    switch self {
    case .kernels: return KernelMath()
    case .openblas:
      #if OpenBLAS
      do throws(Refusal) { return try OpenBLASMath() } catch { throw error.about("--math openblas") }
      #else
      throw Refusal(
        "--math openblas: this dermc was built without it (--disable-default-traits); build one with the trait "
          + "OpenBLAS")
      #endif
    }
  }
}

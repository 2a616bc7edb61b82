package import Math

#if OpenBLAS
import OpenBLASMath
#endif

/// Who computes float32 convolutions and matrix products. Int8 always runs on dermc's kernels.
package enum MathLibrary: String, Sendable, CaseIterable {
  /// Dermc's own: the same bits on every processor and number of threads, which calibration and self-tests need.
  case kernels
  case openblas

  /// Refuses where a library that was asked for cannot be loaded.
  package func math() throws(Diagnostic) -> any FloatMath {
    switch self {
    case .kernels: return KernelMath()
    case .openblas:
      #if OpenBLAS
      do throws(OpenBLASError) { return try OpenBLASMath() } catch { throw .refused("--math openblas: \(error)") }
      #else
      throw .refused(
        "--math openblas: this dermc was built without it (--disable-default-traits); build one with the trait "
          + "OpenBLAS")
      #endif
    }
  }
}

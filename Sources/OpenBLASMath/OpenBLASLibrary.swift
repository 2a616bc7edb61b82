import Platform
import Tensors

/// The functions of OpenBLAS that are called here.
///
/// The library is loaded when it is first asked for, not with the program: it starts threads and takes memory by being
/// loaded, which would be at the cost of everybody who does not ask for it.
struct OpenBLASLibrary: Sendable {
  private typealias SetThreads = @convention(c) (CInt) -> Void
  private typealias SGEMM =
    @convention(c) (
      CInt, CInt, CInt, CInt, CInt, CInt, Float, UnsafePointer<Float>, CInt, UnsafePointer<Float>, CInt, Float,
      UnsafeMutablePointer<Float>, CInt
    ) -> Void
  // CBLAS_ORDER and CBLAS_TRANSPOSE of cblas.h.
  private static let rowMajor: CInt = 101
  private static let notTransposed: CInt = 111

  private let sgemm: SGEMM

  static let loaded = Result { () throws(Refusal) in try OpenBLASLibrary() }

  private init() throws(Refusal) {
    // Read while the library is loaded: calls run on the thread that makes them, so it needs no threads of its own.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
      throw Refusal(
        "OpenBLAS cannot be loaded: \(reason); install it (apt-get install libopenblas0) "
          + "or leave out --math openblas")
    }
    guard let multiply = dlsym(library, "cblas_sgemm"), let setThreads = dlsym(library, "openblas_set_num_threads")
    else {
      throw Refusal(
        "libopenblas.so.0 is not OpenBLAS: cblas_sgemm or openblas_set_num_threads is missing; "
          + "install it (apt-get install libopenblas0) or leave out --math openblas")
    }
    sgemm = unsafeBitCast(multiply, to: SGEMM.self)
    unsafeBitCast(setThreads, to: SetThreads.self)(1)
  }

  /// Adds the product of two row-major matrices, [rows, inner] and [inner, columns], to a third.
  func multiplyAdd(
    rows: Int, inner: Int, columns: Int, _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    sgemm(
      Self.rowMajor, Self.notTransposed, Self.notTransposed, CInt(rows), CInt(columns), CInt(inner), 1, left,
      CInt(inner), right, CInt(columns), 1, target, CInt(columns))
  }
}

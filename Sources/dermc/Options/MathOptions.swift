import ArgumentParser
import Compiler

/// Who multiplies float matrices.
struct MathOptions: ParsableArguments {
  @Option(help: "Who computes in float32: kernels (dermc's own, the same bits everywhere) or openblas.")
  var math = MathLibrary.kernels.rawValue

  func library() throws(Diagnostic) -> MathLibrary {
    guard let library = MathLibrary(rawValue: math) else {
      throw .usage("--math \(math): expected one of \(MathLibrary.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return library
  }
}

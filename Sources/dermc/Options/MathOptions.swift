import ArgumentParser
import Compiler

/// Who multiplies float matrices.
struct MathOptions: ParsableArguments {
  @Option(help: "Who computes in float32: dermc's own kernels, the same bits everywhere, or OpenBLAS.")
  var math = MathLibrary.kernels
}

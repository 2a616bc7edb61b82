/// All operators that ONNX models may hold. Adding one is a file beside this one and a line here.
enum ONNXFamilies {
  private static let all: [any ONNXFamily.Type] = [
    Arithmetic.self,
    Casts.self,
    Comparisons.self,
    Concatenations.self,
    Constants.self,
    Convolutions.self,
    Identities.self,
    MatrixProducts.self,
    Normalizations.self,
    Paddings.self,
    Permutations.self,
    Pools.self,
    PRelus.self,
    Quantizations.self,
    Reductions.self,
    Repetitions.self,
    Reshapes.self,
    Resizes.self,
    Selections.self,
    Softmaxes.self,
    UnaryFunctions.self,
  ]

  /// How nodes of each type are read.
  static let readers = Dictionary(uniqueKeysWithValues: all.flatMap { $0.readers.map { ($0.key, $0.value) } })
}

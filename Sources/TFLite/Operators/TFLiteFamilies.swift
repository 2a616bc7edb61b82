/// All operators that .tflite files may hold. Adding one is a file beside this one and a line here.
enum TFLiteFamilies {
  private static let all: [any TFLiteFamily.Type] = [
    Arithmetic.self,
    Concatenations.self,
    Constants.self,
    Convolutions.self,
    Conversions.self,
    MatrixProducts.self,
    Paddings.self,
    Permutations.self,
    Pools.self,
    Reductions.self,
    Reshapes.self,
    Resizes.self,
    Selections.self,
    Softmaxes.self,
    UnaryFunctions.self,
  ]

  /// How operators of each name are read.
  static let readers = Dictionary(uniqueKeysWithValues: all.flatMap { $0.readers.map { ($0.key, $0.value) } })
}

/// All operators that ONNX models may hold. Adding one is a file beside this one and a line here.
enum ONNXFamilies {
  static let all: [any ONNXFamily.Type] = [
    Arithmetic.self,
    Attentions.self,
    Casts.self,
    Columns.self,
    Comparisons.self,
    Concatenations.self,
    Constants.self,
    Contributed.self,
    ControlFlow.self,
    Convolutions.self,
    Determinants.self,
    Einsums.self,
    Gathers.self,
    GridSamples.self,
    Identities.self,
    IntegerProducts.self,
    Masks.self,
    MatrixProducts.self,
    Normalizations.self,
    Paddings.self,
    Permutations.self,
    Pools.self,
    PRelus.self,
    QLinears.self,
    Quantizations.self,
    Rankings.self,
    Recurrences.self,
    Reductions.self,
    Regions.self,
    Repetitions.self,
    Reshapes.self,
    Resizes.self,
    Scans.self,
    Scatters.self,
    Selections.self,
    Sequences.self,
    Softmaxes.self,
    Spectra.self,
    UnaryFunctions.self,
    Uniques.self,
  ]

  /// How nodes of each type are read; before the name of one that is not ONNX's own stands its domain and a dot.
  static let readers = Dictionary(uniqueKeysWithValues: all.flatMap { $0.readers.map { ($0.key, $0.value) } })

  /// How a node is read; nil where it is not known.
  static func reader(of node: NodeRecord) -> NodeReader? {
    let domain = ModelFile.standard(node.domain)
    return readers[domain.isEmpty ? node.opType : "\(domain).\(node.opType)"]
  }

  /// Operators whose inputs may be sequences of tensors.
  static let takeSequences = Set(Sequences.readers.keys).union(ControlFlow.readers.keys).union(["Identity"])
}

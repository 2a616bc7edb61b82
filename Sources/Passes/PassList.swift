import IR

/// The passes in their order. Adding one is a file beside this one and a line here.
package enum PassList {
  /// What every graph goes through, whether it is executed in float, stored or quantized.
  package static let simplify: [PassGroup] = [
    // What is constant shows first: weights that a model computes from constants are weights to all that follows.
    PassGroup("constants", [.foldConstants, .eliminateDeadNodes]),
    // Layers come to have weights, biases and scalings; each one found may complete another.
    PassGroup(
      "layers", repeats: true,
      [
        .eliminateIdentities, .matMulToGemm, .foldBias, .foldScaleShift, .convertReduceToPool, .foldConstants,
        .eliminateDeadNodes,
      ]),
    // Scalings that found no layer.
    PassGroup(
      "scalings", repeats: true,
      [.batchNormalizationToScaleShift, .binaryToScaleShift, .foldScaleShift, .eliminateIdentities]),
    PassGroup("cleaning", [.eliminateCommonSubexpressions, .eliminateDeadNodes]),
  ]

  /// Clamps into the operators before them: for float and int8 alike.
  package static let fuseClamps: [PassGroup] = [PassGroup("clamps", [.fuseClamps])]

  /// All activations into the operators before them: for the float graph that is executed. The quantizer works on the
  /// graph before this.
  package static let fuseFunctions: [PassGroup] = [PassGroup("functions", [.fuseFunctions])]
}

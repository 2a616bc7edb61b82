import IR

/// The passes in their order. Adding one is a file beside this one and a line here.
package enum PassList {
  /// What every graph goes through, whether it is executed in float, stored or quantized.
  package static let simplify: [PassGroup] = [
    // What is constant shows first: weights that a model computes from constants are weights to all that follows.
    // Equal things become one early: patterns then find the same value where the model computed it twice.
    PassGroup("constants", [.foldConstants, .eliminateCommonSubexpressions, .eliminateDeadNodes]),
    // Data movement goes before layers are looked at: transposes hide which operators are neighbours. Shuffles are
    // found before their reshapes can be merged with others.
    PassGroup("movement", repeats: true, [.recogniseChannelShuffle, .eliminateIdentities, .cancelTransposes]),
    // Functions before biases: the 3 of x + 3 in a hard sigmoid would vanish in the layer before it.
    PassGroup("functions", [.recogniseActivations, .eliminateDeadNodes]),
    // Padding before scalings: a layer that pads takes no shift.
    PassGroup("padding", [.foldPadIntoWindow]),
    // Layers come to have weights, biases and scalings; each one found may complete another.
    PassGroup(
      "layers", repeats: true,
      [
        .matMulToGemm, .foldFactorIntoProduct, .foldBias, .convertReduceToPool, .foldScaleShift, .sinkScaleShift,
        .foldConstants, .eliminateIdentities,
      ]),
    // Arithmetic and normalisations that found no layer; seen as scalings they may find one, or each other.
    PassGroup(
      "scalings", repeats: true,
      [
        .batchNormalizationToScaleShift, .binaryToScaleShift, .foldScaleShift, .sinkScaleShift, .eliminateIdentities,
      ]),
    PassGroup("cleaning", [.eliminateDeadNodes]),
    // Looks only; the report names what it finds.
    PassGroup("findings", [.recogniseSqueezeExcite]),
  ]

  /// Clamps into the operators before them: for float and int8 alike.
  package static let fuseClamps: [PassGroup] = [PassGroup("clamps", [.fuseClamps])]

  /// What a model quantizes itself becomes int8, after clamps are part of the layers that QuantizeLinear follows. Only
  /// for models that do.
  package static let takeOver: [PassGroup] = [PassGroup("integers", [.takeOverQuantization])]

  /// All activations into the operators before them: for the float graph that is executed. The quantizer works on the
  /// graph before this.
  package static let fuseFunctions: [PassGroup] = [PassGroup("activations", [.fuseFunctions])]
}

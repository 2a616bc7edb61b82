import IR
import Tensors

/// What is read of ONNX, operator by operator: docs/supported.md, made from the lists the reader itself uses.
package enum SupportedOperators {
  /// ONNX's own operators, with the operator set each came with, up to the last that is read.
  static let standard: [String: Int] = [
    "Abs": 1, "Acos": 7, "Acosh": 9, "Add": 1, "AffineGrid": 20, "And": 1, "ArgMax": 1, "ArgMin": 1, "Asin": 7,
    "Asinh": 9, "Atan": 7, "Atanh": 9, "Attention": 23, "AveragePool": 1, "BatchNormalization": 1, "Bernoulli": 15,
    "BitShift": 11, "BitwiseAnd": 18, "BitwiseNot": 18, "BitwiseOr": 18, "BitwiseXor": 18, "BlackmanWindow": 17,
    "Cast": 1, "CastLike": 15, "Ceil": 1, "Celu": 12, "CenterCropPad": 18, "Clip": 1, "Col2Im": 18, "Compress": 9,
    "Concat": 1, "ConcatFromSequence": 11, "Constant": 1, "ConstantOfShape": 9, "Conv": 1, "ConvInteger": 10,
    "ConvTranspose": 1, "Cos": 7, "Cosh": 9, "CumSum": 11, "DFT": 17, "DeformConv": 19, "DepthToSpace": 1,
    "DequantizeLinear": 10, "Det": 11, "Div": 1, "Dropout": 1, "DynamicQuantizeLinear": 11, "Einsum": 12, "Elu": 1,
    "Equal": 1, "Erf": 9, "Exp": 1, "Expand": 8, "EyeLike": 9, "Flatten": 1, "Floor": 1, "GRU": 1, "Gather": 1,
    "GatherElements": 11, "GatherND": 11, "Gelu": 20, "Gemm": 1, "GlobalAveragePool": 1, "GlobalLpPool": 1,
    "GlobalMaxPool": 1, "Greater": 1, "GreaterOrEqual": 12, "GridSample": 16, "GroupNormalization": 18,
    "HammingWindow": 17, "HannWindow": 17, "HardSigmoid": 1, "HardSwish": 14, "Hardmax": 1, "Identity": 1, "If": 1,
    "ImageDecoder": 20, "InstanceNormalization": 1, "IsInf": 10, "IsNaN": 9, "LRN": 1, "LSTM": 1,
    "LayerNormalization": 17, "LeakyRelu": 1, "Less": 1, "LessOrEqual": 12, "Log": 1, "LogSoftmax": 1, "Loop": 1,
    "LpNormalization": 1, "LpPool": 1, "MatMul": 1, "MatMulInteger": 10, "Max": 1, "MaxPool": 1, "MaxRoiPool": 1,
    "MaxUnpool": 9, "Mean": 1, "MeanVarianceNormalization": 9, "MelWeightMatrix": 17, "Min": 1, "Mish": 18, "Mod": 10,
    "Mul": 1, "Multinomial": 7, "Neg": 1, "NegativeLogLikelihoodLoss": 12, "NonMaxSuppression": 10, "NonZero": 9,
    "Not": 1, "OneHot": 9, "Optional": 15, "OptionalGetElement": 15, "OptionalHasElement": 15, "Or": 1, "PRelu": 1,
    "Pad": 1, "Pow": 1, "QLinearConv": 10, "QLinearMatMul": 10, "QuantizeLinear": 10, "RMSNormalization": 23,
    "RNN": 1, "RandomNormal": 1, "RandomNormalLike": 1, "RandomUniform": 1, "RandomUniformLike": 1, "Range": 11,
    "Reciprocal": 1, "ReduceL1": 1, "ReduceL2": 1, "ReduceLogSum": 1, "ReduceLogSumExp": 1, "ReduceMax": 1,
    "ReduceMean": 1, "ReduceMin": 1, "ReduceProd": 1, "ReduceSum": 1, "ReduceSumSquare": 1, "RegexFullMatch": 20,
    "Relu": 1, "Reshape": 1, "Resize": 10, "ReverseSequence": 10, "RoiAlign": 10, "RotaryEmbedding": 23, "Round": 11,
    "STFT": 17, "Scan": 8, "Scatter": 9, "ScatterElements": 11, "ScatterND": 11, "Selu": 1, "SequenceAt": 11,
    "SequenceConstruct": 11, "SequenceEmpty": 11, "SequenceErase": 11, "SequenceInsert": 11, "SequenceLength": 11,
    "SequenceMap": 17, "Shape": 1, "Shrink": 9, "Sigmoid": 1, "Sign": 9, "Sin": 7, "Sinh": 9, "Size": 1, "Slice": 1,
    "Softmax": 1, "SoftmaxCrossEntropyLoss": 12, "Softplus": 1, "Softsign": 1, "SpaceToDepth": 1, "Split": 1,
    "SplitToSequence": 11, "Sqrt": 1, "Squeeze": 1, "StringConcat": 20, "StringNormalizer": 10, "StringSplit": 20,
    "Sub": 1, "Sum": 1, "Swish": 24, "Tan": 7, "Tanh": 1, "TensorScatter": 24, "TfIdfVectorizer": 9,
    "ThresholdedRelu": 10, "Tile": 1, "TopK": 1, "Transpose": 1, "Trilu": 14, "Unique": 11, "Unsqueeze": 1,
    "Upsample": 1, "Where": 9, "Xor": 1,
  ]

  /// Operators that are refused, and what can be exported instead.
  private struct Refused {
    let operators: Set<String>
    let remedy: String
  }

  private static let refused = [
    Refused(
      operators: [
        "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
      ],
      remedy: "random numbers: export the model in inference mode"),
    Refused(
      operators: ["NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"],
      remedy: "losses: export the model up to its scores"),
    Refused(
      operators: ["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"],
      remedy: "texts: turn them into numbers before the model"),
    Refused(
      operators: ["ImageDecoder"], remedy: "dermc decodes images itself: export the model from its pixels on"),
    Refused(operators: ["SequenceMap"], remedy: "export the model with tensors instead of sequences"),
  ]

  private static let general = "export the model with operators that are read, as an older opset_version may do"

  /// What can be exported instead of operators that are not read.
  static func remedy(for operators: [String]) -> String {
    let remedies = Set(operators.map { name in refused.first { $0.operators.contains(name) }?.remedy ?? general })
    guard remedies.count == 1, let only = remedies.first, only != general else {
      return "docs/supported.md has what can be exported instead"
    }
    return only
  }

  // MARK: The page

  /// docs/supported.md
  package static var page: String {
    let read = Set(ONNXFamilies.readers.keys)
    var lines = introduction
    lines += ["", "## Operators that are read", "", "| operators | what of them |", "|---|---|"]
    for family in ONNXFamilies.all {
      let names = family.readers.keys.sorted().map(shown)
      lines.append("| \(names.joined(separator: ", ")) | \(family.limits) |")
    }
    lines += ["", "A number is the operator set an operator came with, where that is newer than 7."]
    lines += ["", "## Operators that are refused", "", "| operators | what to do |", "|---|---|"]
    var rest = Set(standard.keys).subtracting(read)
    for group in refused {
      let names = group.operators.subtracting(read).sorted()
      guard !names.isEmpty else { continue }
      rest.subtract(names)
      lines.append("| \(names.map(shown).joined(separator: ", ")) | \(group.remedy) |")
    }
    if !rest.isEmpty { lines.append("| \(rest.sorted().map(shown).joined(separator: ", ")) | \(general) |") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func shown(_ name: String) -> String {
    guard let first = standard[name], first > ONNXReader.opsets.lowerBound else { return name }
    return "\(name) (\(first))"
  }

  private static var introduction: [String] {
    let opsets = ONNXReader.opsets
    let versions = ONNXReader.irVersions
    let types = DataType.allCases.map { "\($0)" }.joined(separator: ", ")
    return """
      # What is read of ONNX

      <!-- Written by scripts/supported from the reader's own lists; a test holds it against them. -->

      Operator sets \(opsets.lowerBound) to \(opsets.upperBound), IR versions \(versions.lowerBound) to \
      \(versions.upperBound). What is not in this page is refused with a message that names the file, the
      node, the operator, its opset and what to do.

      - **Types**: \(types).
        Floats of all sizes become float32 when they are read, so a Cast between them changes nothing.
        int16, uint16, uint32 and uint64 are computed with, but bundles do not hold them.
      - **Shapes** are known when a model is read. The batch may be free, and height and width with `--size`. What an
        operator takes as shape, axes, pads, sizes or bounds must be a constant or follow from shapes and constants.
      - **Nodes** may be in any order. An output that nothing reads is no reason to refuse: masks of Dropout, indices of
        MaxPool.
      - **Functions** the model defines are put where they are called, up to \(Limits.graphDepth) deep, each with its \
      own opset.
      - **Sparse initializers** become dense ones. **External data** lie in the folder of the model.
      - **Quantized** models: see [int8.md](int8.md).

      ONNX's own tests of operators are run by `make wild-operators`, which prints how many are right and why each other
      is refused: operator sets before \(opsets.lowerBound), Scan of opset 8 and ConvTranspose over volumes.
      """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

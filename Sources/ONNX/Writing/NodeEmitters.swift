import IR
import Math
import Tensors

/// Writes one IR node as ONNX nodes.
typealias NodeEmitter = @Sendable (Node, inout Emission) throws(Failure) -> Void

/// How each IR operator is written. Adding one is a line here and, where its form differs, a function beside it.
///
/// int8 values are written as int8 tensors; an int8 operator becomes DequantizeLinear, its float operator and
/// QuantizeLinear.
enum NodeEmitters {
  static let table: [String: NodeEmitter] = [
    "ArgMax": { node, emission throws(Failure) in emission.plain(node) },
    "AveragePool": { node, emission throws(Failure) in emission.plain(node) },
    "BatchNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "Binary": { node, emission throws(Failure) in try emission.function(node, binary) },
    "Cast": { node, emission throws(Failure) in try emission.cast(node) },
    "ChannelShuffle": { node, emission throws(Failure) in try emission.channelShuffle(node) },
    "Compare": { node, emission throws(Failure) in try emission.function(node, compare) },
    "Concat": { node, emission throws(Failure) in emission.plain(node) },
    "ConstantOfShape": { node, emission throws(Failure) in emission.plain(node) },
    "Conv": { node, emission throws(Failure) in emission.plain(node) },
    "ConvTranspose": { node, emission throws(Failure) in emission.plain(node) },
    "DepthToSpace": { node, emission throws(Failure) in emission.plain(node) },
    "DequantizeLinear": { node, emission throws(Failure) in try emission.dequantizeLinear(node) },
    "Expand": { node, emission throws(Failure) in emission.plain(node, listInputs: ["shape"]) },
    "Gather": { node, emission throws(Failure) in emission.plain(node) },
    "Gemm": { node, emission throws(Failure) in emission.gemm(node) },
    "GlobalAveragePool": { node, emission throws(Failure) in emission.plain(node) },
    "GlobalMaxPool": { node, emission throws(Failure) in emission.plain(node) },
    "InstanceNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "LRN": { node, emission throws(Failure) in emission.plain(node) },
    "LayerNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "LogSoftmax": { node, emission throws(Failure) in emission.plain(node) },
    "MatMul": { node, emission throws(Failure) in emission.plain(node) },
    "MaxPool": { node, emission throws(Failure) in emission.plain(node) },
    "PRelu": { node, emission throws(Failure) in emission.plain(node) },
    "Pad": { node, emission throws(Failure) in try emission.pad(node) },
    "QuantizeLinear": { node, emission throws(Failure) in try emission.quantizeLinear(node) },
    "Range": { node, emission throws(Failure) in emission.plain(node) },
    "Reduce": { node, emission throws(Failure) in try emission.reduce(node) },
    "Reshape": { node, emission throws(Failure) in emission.reshape(node) },
    "Resize": { node, emission throws(Failure) in try emission.resize(node) },
    "ScaleShift": { node, emission throws(Failure) in emission.scaleShift(node) },
    "Shape": { node, emission throws(Failure) in emission.plain(node) },
    "Slice": { node, emission throws(Failure) in
      emission.plain(node, listInputs: ["starts", "ends", "axes", "steps"])
    },
    "Softmax": { node, emission throws(Failure) in emission.plain(node) },
    "SpaceToDepth": { node, emission throws(Failure) in emission.plain(node) },
    "Split": { node, emission throws(Failure) in emission.plain(node, listInputs: ["sizes"]) },
    "Tile": { node, emission throws(Failure) in emission.plain(node, listInputs: ["repeats"]) },
    "Transpose": { node, emission throws(Failure) in emission.plain(node) },
    "Unary": { node, emission throws(Failure) in try emission.unary(node) },
    "Where": { node, emission throws(Failure) in emission.plain(node) },
  ]

  static let baseOpset = 17

  /// The operator set a node needs, where the base is not enough.
  static func opset(for op: any Operator) -> Int {
    let attributes = op.attributes
    let functions = [attributes["activation"], attributes["function"]].compactMap { $0?.word }
    if functions.contains("gelu") { return 20 }
    if op.name == "AveragePool", attributes["dilations"] != nil { return 19 }
    // Sizes of height and width alone.
    if op.name == "Resize", attributes["scales"] == nil { return 18 }
    return functions.contains("mish") ? 18 : baseOpset
  }

  /// ONNX operators of a Binary's functions.
  private static let binary = [
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "min": "Min", "max": "Max", "pow": "Pow",
  ]

  private static let compare = [
    "equal": "Equal", "less": "Less", "greater": "Greater", "less_or_equal": "LessOrEqual",
    "greater_or_equal": "GreaterOrEqual", "and": "And", "or": "Or",
  ]
}

extension Attribute {
  var word: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  var number: Int? {
    guard case .int(let value) = self else { return nil }
    return value
  }

  var numbers: [Int]? {
    guard case .ints(let values) = self else { return nil }
    return values
  }
}

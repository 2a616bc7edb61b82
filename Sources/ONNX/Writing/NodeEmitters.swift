import IR
import Math
import Operators
import Tensors

/// Writes one IR node as ONNX nodes.
typealias NodeEmitter = @Sendable (Node, inout Emission) throws(Failure) -> Void

/// How each IR operator is written. Adding one is a line here and, where its form differs, a function beside it.
///
/// int8 values are written as int8 tensors under their names; an int8 operator becomes DequantizeLinear of its inputs, the
/// float operator and QuantizeLinear, and so does an operator that only moves int8 elements (`emit`).
enum NodeEmitters {
  static let table: [String: NodeEmitter] = [
    "AddInt8": { node, emission throws(Failure) in try emission.addInt8(node) },
    "ArgMax": { node, emission throws(Failure) in emission.plain(node) },
    "AveragePool": { node, emission throws(Failure) in emission.plain(node) },
    "AveragePoolInt8": { node, emission throws(Failure) in try emission.averagePoolInt8(node) },
    "BatchNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "Binary": { node, emission throws(Failure) in try emission.function(node, binary) },
    "Cast": { node, emission throws(Failure) in try emission.cast(node) },
    "ChannelShuffle": { node, emission throws(Failure) in try emission.channelShuffle(node) },
    "Compare": { node, emission throws(Failure) in try emission.function(node, compare) },
    "Concat": { node, emission throws(Failure) in emission.plain(node) },
    "ConcatInt8": { node, emission throws(Failure) in try emission.concatInt8(node) },
    "ConstantOfShape": { node, emission throws(Failure) in emission.plain(node) },
    "Conv": { node, emission throws(Failure) in emission.plain(node) },
    "ConvInt8": { node, emission throws(Failure) in try emission.convInt8(node) },
    "ConvTranspose": { node, emission throws(Failure) in emission.plain(node) },
    "DepthToSpace": { node, emission throws(Failure) in emission.plain(node) },
    "DequantizeLinear": { node, emission throws(Failure) in try emission.dequantizeLinear(node) },
    "Expand": { node, emission throws(Failure) in emission.plain(node, listInputs: ["shape"]) },
    "Gather": { node, emission throws(Failure) in emission.plain(node) },
    "Gemm": { node, emission throws(Failure) in emission.gemm(node) },
    "GemmInt8": { node, emission throws(Failure) in try emission.gemmInt8(node) },
    "GlobalAveragePool": { node, emission throws(Failure) in emission.plain(node) },
    "GlobalMaxPool": { node, emission throws(Failure) in emission.plain(node) },
    "InstanceNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "LRN": { node, emission throws(Failure) in emission.plain(node) },
    "LayerNormalization": { node, emission throws(Failure) in emission.plain(node) },
    "LogSoftmax": { node, emission throws(Failure) in emission.plain(node) },
    "LookupInt8": { node, emission throws(Failure) in try emission.lookupInt8(node) },
    "MatMul": { node, emission throws(Failure) in emission.plain(node) },
    "MaxPool": { node, emission throws(Failure) in emission.plain(node) },
    "MulInt8": { node, emission throws(Failure) in try emission.mulInt8(node) },
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

  /// Writes a node.
  static func emit(_ node: Node, _ emission: inout Emission) throws(Failure) {
    guard let emitter = table[node.op.name] else {
      throw Failure("the operator has no ONNX form", remedy: "write a .derm file instead")
    }
    if node.op is any ElementMoving {
      try emission.moving(node, emitter)
    } else {
      try emitter(node, &emission)
    }
  }

  static let baseOpset = 17

  /// The operator set a node needs, where the base is not enough.
  static func opset(for op: any Operator) -> Int {
    let attributes = op.attributes
    let functions = [attributes["activation"], attributes["function"]].compactMap { $0?.word }
    if functions.contains("gelu") { return 20 }
    if op is AveragePool || op is AveragePoolInt8, attributes["dilations"] != nil { return 19 }
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

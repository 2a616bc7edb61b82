import IR
import Operators
import Tensors

/// Makes typed operators of one ONNX node and returns its outputs.
typealias NodeReader = @Sendable (inout NodeImport) throws(Refusal) -> [Symbol]

/// An operator or a small family of operators that are alike in ONNX: one file of this folder, which also holds how
/// they are written (`ONNXWritable`), and one line of `ONNXFamilies`.
protocol ONNXFamily: Sendable {
  /// How nodes become operators, by their type in ONNX; of other domains as in `com.microsoft.QGemm`.
  static var readers: [String: NodeReader] { get }
  /// What is not read of them, or what becomes of them, in a line of docs/supported.md; nothing by default.
  static var limits: String { get }
}

extension ONNXFamily {
  static var limits: String { "" }
}

/// An operator that can be written as ONNX nodes.
///
/// int8 values are written as int8 tensors under their names; an int8 operator becomes DequantizeLinear of its inputs,
/// the float operator and QuantizeLinear, and so does an operator that only moves int8 elements (`Emission.write`).
protocol ONNXWritable: Operator {
  /// The lowest operator set in which its nodes mean what they are to mean; by default the writer's own.
  var opset: Int { get }

  /// Writes the nodes; by default one of the operator's name with its inputs and attributes as they are.
  func write(_ node: Node, to emission: inout Emission) throws(Refusal)
}

extension ONNXWritable {
  var opset: Int { ONNXWriter.baseOpset }

  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    emission.add(name, for: node, inputs: emission.names(node.inputs), attributes)
  }
}

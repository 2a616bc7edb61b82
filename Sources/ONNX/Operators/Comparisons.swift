import IR
import Operators
import Tensors

/// Comparisons of two numbers and functions of two truth values.
enum Comparisons: ONNXFamily {
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: Compare.Function.allCases.map { ($0.onnxType, reader(of: $0)) })

  private static func reader(of function: Compare.Function) -> NodeReader {
    { node throws(Refusal) in try node.add(Compare(function), [try node.input(0, "a"), try node.input(1, "b")]) }
  }
}

extension Compare.Function {
  fileprivate var onnxType: String {
    switch self {
    case .equal: "Equal"
    case .less: "Less"
    case .greater: "Greater"
    case .lessOrEqual: "LessOrEqual"
    case .greaterOrEqual: "GreaterOrEqual"
    case .and: "And"
    case .or: "Or"
    }
  }
}

extension Compare: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add(function.onnxType, for: node, inputs: emission.names(node.inputs))
  }
}

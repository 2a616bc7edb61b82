import IR
import Math
import Operators
import Tensors

/// Comparisons of numbers and functions of truth values.
enum Comparisons: ONNXFamily {
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: Compare.Function.allCases.map { ($0.onnxType, reader(of: $0)) })
    .merging(["IsInf": isInfinite, "IsNaN": isNaN, "Not": not]) { $1 }

  private static func reader(of function: Compare.Function) -> NodeReader {
    { node throws(Refusal) in try node.add(Compare(function), [try node.input(0, "a"), try node.input(1, "b")]) }
  }

  private static func not(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.element == .bool else { throw Refusal("x is \(x.element), expected bool") }
    return try node.add(Compare(.equal), [x, node.constant("false", Tensor(scalar: false))])
  }

  /// NaN alone differs from itself.
  private static func isNaN(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let isNumber = try node.add(step: "is_number", Compare(.equal), [x, x])
    return try node.add(Compare(.equal), [isNumber, node.constant("false", Tensor(scalar: false))])
  }

  private static func isInfinite(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let infinity = node.constant("infinity", Tensor(scalar: Float.infinity))
    let positive = try node.bool("detect_positive", default: true)
    let negative = try node.bool("detect_negative", default: true)
    switch (positive, negative) {
    case (true, true): return try node.add(Compare(.equal), [try node.step("magnitude", .abs, x), infinity])
    case (true, false): return try node.add(Compare(.equal), [x, infinity])
    case (false, true): return try node.add(Compare(.equal), [try node.step("negated", .neg, x), infinity])
    case (false, false): return try node.add(Compare(.less), [x, x])
    }
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
    case .xor: "Xor"
    }
  }
}

extension Compare: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    emission.add(function.onnxType, for: node, inputs: emission.names(node.inputs))
  }
}

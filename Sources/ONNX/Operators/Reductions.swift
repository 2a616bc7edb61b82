import IR
import Operators
import Tensors

/// One number of many, or where it is.
enum Reductions: ONNXFamily {
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: Reduce.Function.allCases.map { ($0.onnxType, reader(of: $0)) })
    .merging(["ArgMax": argMax]) { $1 }

  private static func reader(of function: Reduce.Function) -> NodeReader {
    { node throws(Refusal) in try reduce(function, &node) }
  }

  private static func argMax(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    try node.add(reading: ArgMax.self, [try node.input(0, "x")])
  }

  /// Axes are an attribute first, an input later.
  private static func reduce(_ function: Reduce.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let keeps = try node.bool("keepdims", default: true)
    let doesNothing = try node.bool("noop_with_empty_axes", default: false)
    var axes: [Int] = []
    for axis in try node.ints(input: 1, orAttribute: "axes") ?? [] {
      axes.append(try node.axis(axis, rank: x.shape.count))
    }
    if axes.isEmpty {
      if doesNothing { return try node.identity() }
      axes = Array(x.shape.indices)
    }
    let op = Reduce(function, axes: axes, keepsDimensions: keeps)
    guard let values = x.constant?.integers(), x.element == .int64 || x.element == .int32 else {
      return try node.add(op, [x])
    }
    // Shape arithmetic: exact in float32 up to 2^24, which is checked.
    let exact = -1 << 24...1 << 24
    guard values.allSatisfy(exact.contains) else { throw Refusal("the integers are too large to reduce") }
    let floats = try node.add(step: "float", Cast(to: .float32), [x])
    let result = try node.add(step: "reduced", op, [floats])
    guard result.constant?.doubles().allSatisfy({ $0.magnitude <= 0x1p24 }) ?? false else {
      throw Refusal("the result of reducing integers is too large")
    }
    return try node.add(Cast(to: x.element), [result])
  }
}

extension Reduce.Function {
  fileprivate var onnxType: String {
    switch self {
    case .mean: "ReduceMean"
    case .sum: "ReduceSum"
    case .max: "ReduceMax"
    case .min: "ReduceMin"
    case .prod: "ReduceProd"
    case .l1: "ReduceL1"
    case .l2: "ReduceL2"
    case .sumSquare: "ReduceSumSquare"
    }
  }

  /// The operator set since which axes are an input.
  fileprivate var axesInputOpset: Int { self == .sum ? 13 : 18 }
}

extension ArgMax: ONNXWritable {}

extension Reduce: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) {
    var attributes: [String: Attribute] = keepsDimensions ? [:] : ["keepdims": .int(0)]
    var inputs = emission.names(node.inputs)
    // Without axes the whole tensor is reduced, as in ONNX.
    if !axes.isEmpty, emission.opset >= function.axesInputOpset {
      inputs.append(emission.constant(node, "axes", ints: axes))
    } else if !axes.isEmpty {
      attributes["axes"] = .ints(axes)
    }
    emission.add(function.onnxType, for: node, inputs: inputs, attributes)
  }
}

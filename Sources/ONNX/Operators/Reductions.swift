import IR
import Math
import Operators
import Tensors

/// One number of many, or where it is.
enum Reductions: ONNXFamily {
  static let limits =
    "axes are constants; of float32, and of constant integers up to 2^24; ArgMax and ArgMin of int8, int32 and int64 "
    + "too; NonZero of constants"
  static let readers: [String: NodeReader] =
    Dictionary(uniqueKeysWithValues: Reduce.Function.allCases.map { ($0.onnxType, reader(of: $0)) })
    .merging([
      "ArgMax": { node throws(Refusal) in
        try node.add(reading: ArgMax.self, [try node.input(0, "x")])
      },
      "ArgMin": argMin, "NonZero": nonZero, "ReduceLogSum": logSum, "ReduceLogSumExp": logSumExp,
    ]) { $1 }

  private static func reader(of function: Reduce.Function) -> NodeReader {
    { node throws(Refusal) in try reduce(function, &node) }
  }

  /// The largest of what has the opposite order: -x, of integers -1 - x, which none overflows.
  private static func argMin(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    guard x.element.isInteger else {
      return try node.add(reading: ArgMax.self, [try node.step("negated", .neg, x)])
    }
    let last = try node.scalar("last", -1, like: x)
    return try node.add(reading: ArgMax.self, [try node.step("reversed", .sub, last, x)])
  }

  /// Where a constant is not 0: the indices along each dimension, [rank, count].
  private static func nonZero(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    guard let x = try node.constant(0, "x") else { throw Refusal("input 0 (x) is missing") }
    let places = x.doubles().enumerated().filter { $0.element != 0 }.map(\.offset)
    try node.reserve(.int64, [x.shape.count, places.count])
    let indices = zip(x.shape, Layout.rowMajor.strides(of: x.shape)).flatMap { extent, stride in
      places.map { Int64($0 / stride % extent) }
    }
    return node.result(Tensor(indices, shape: [x.shape.count, places.count]))
  }

  /// Which dimensions are reduced, an attribute first, an input later; nil where none is.
  private static func axes(_ x: Symbol, _ node: inout NodeImport) throws(Refusal) -> [Int]? {
    let doesNothing = try node.bool("noop_with_empty_axes", default: false)
    var axes: [Int] = []
    for axis in try node.ints(input: 1, orAttribute: "axes") ?? [] {
      axes.append(try node.axis(axis, rank: x.shape.count))
    }
    if axes.isEmpty { return doesNothing ? nil : Array(x.shape.indices) }
    return axes
  }

  private static func logSum(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let keeps = try node.bool("keepdims", default: true)
    guard let axes = try axes(x, &node) else { return try node.add(Unary(.log), [x]) }
    if x.type.count == 0 { return node.result(try empty(x, axes, keeps: keeps, -.infinity, node)) }
    let sum = try node.add(step: "sum", Reduce(.sum, axes: axes, keepsDimensions: keeps), [x])
    return try node.add(Unary(.log), [sum])
  }

  /// log(sum exp(x)) = m + log(sum exp(x - m)), m the largest, which keeps exponentials from overflowing.
  private static func logSumExp(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let keeps = try node.bool("keepdims", default: true)
    guard let axes = try axes(x, &node) else { return try node.identity() }
    if x.type.count == 0 { return node.result(try empty(x, axes, keeps: keeps, -.infinity, node)) }
    let largest = try node.add(step: "largest", Reduce(.max, axes: axes), [x])
    let powers = try node.step("powers", .exp, try node.step("differences", .sub, x, largest))
    let sum = try node.add(step: "sum", Reduce(.sum, axes: axes), [powers])
    let result = try node.step("result", .add, try node.step("log", .log, sum), largest)
    return try node.add(Reshape(shape: shape(x, axes, keeps: keeps)), [result])
  }

  private static func shape(_ x: Symbol, _ axes: [Int], keeps: Bool) -> [Int] {
    x.shape.indices.filter { keeps || !axes.contains($0) }.map { axes.contains($0) ? 1 : x.shape[$0] }
  }

  /// What is made of no elements.
  private static func empty(
    _ x: Symbol, _ axes: [Int], keeps: Bool, _ value: Float, _ node: NodeImport
  ) throws(Refusal) -> Tensor {
    let shape = shape(x, axes, keeps: keeps)
    try node.reserve(.float32, shape)
    return Tensor([Float](repeating: value, count: shape.reduce(1, *)), shape: shape)
  }

  private static func reduce(_ function: Reduce.Function, _ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let x = try node.input(0, "x")
    let keeps = try node.bool("keepdims", default: true)
    guard let axes = try axes(x, &node) else { return try node.identity() }
    if x.type.count == 0, var value = function.ofNothing {
      // Of truth values infinity is the larger, true, too.
      if x.element == .bool, function == .max { value = 0 }
      let result = try empty(x, axes, keeps: keeps, value, node)
      return x.element == .float32
        ? node.result(result) : try node.add(Cast(to: x.element), [node.constant("nothing", result)])
    }
    let op = Reduce(function, axes: axes, keepsDimensions: keeps)
    if x.element.size <= 2, x.type.quantization == nil, function == .max || function == .min {
      // Exact in float32 whatever the values.
      let floats = try node.add(step: "float", Cast(to: .float32), [x])
      return try node.add(Cast(to: x.element), [try node.add(step: "reduced", op, [floats])])
    }
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

  /// What is made of no elements, where there is something.
  fileprivate var ofNothing: Float? {
    switch self {
    case .mean: nil
    case .sum, .l1, .l2, .sumSquare: 0
    case .prod: 1
    case .max: -.infinity
    case .min: .infinity
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

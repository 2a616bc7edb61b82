import IR
import Math
import Operators
import Tensors

/// QuantizeLinear and DequantizeLinear.
///
/// An activation quantized with one scale and zero point is int8 in the IR with both in its type; uint8 becomes int8 by
/// moving values and zero point down by 128. Constants become float32 and keep their scales as a grid. Everything else
/// (activations per channel, or visible as integers to the user) is spelled out in float arithmetic with the same
/// results. `take-over-quantization` makes int8 layers of what is left between them.
enum Quantizations: ONNXFamily {
  static let limits = "see [int8.md](int8.md)"
  static let readers: [String: NodeReader] = [
    "DequantizeLinear": dequantize, "QuantizeLinear": quantize,
    // ONNX Runtime's own, from before the standard's had all types.
    "com.microsoft.DequantizeLinear": dequantize, "com.microsoft.QuantizeLinear": quantize,
  ]

  private static func quantize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("saturate", "precision")
    let axis = try node.int("axis", default: 1)
    let block = try node.int("block_size", default: 0)
    let x = try node.input(0, "x")
    let type = node.has("output_dtype") ? try node.int("output_dtype") : 0
    let declared = type == 0 ? ElementType.uint8 : try DataType.named(type).element
    if let scale = node.optional(1), scale.constant == nil {
      return try node.quantized(x, scale: scale, zeroPoint: node.optional(2), as: declared)
    }
    let parameters =
      block == 0
      ? try LinearParameters(node, scale: 1, zeroPoint: 2, axis: axis)
      : try LinearParameters(try QuantizedBlocks(node, x, axis: axis, block: block), node)
    return try node.quantized(x, parameters, as: parameters.element ?? declared)
  }

  private static func dequantize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    node.ignore("saturate", "output_dtype")
    let axis = try node.int("axis", default: 1)
    let block = try node.int("block_size", default: 0)
    let x = try node.input(0, "x")
    guard block == 0 else {
      let blocks = try QuantizedBlocks(node, x, axis: axis, block: block)
      guard let integers = x.constant?.integers() else {
        return [try node.dequantized(x, try LinearParameters(blocks, node))]
      }
      return node.result(Tensor(blocks.reals(integers), shape: x.shape).on(Grid(steps: [])))
    }
    let parameters = try LinearParameters(node, scale: 1, zeroPoint: 2, axis: axis)
    return [try node.dequantized(x, parameters)]
  }
}

/// The scales, input 1, and zero points, input 2, of runs of `block` elements of x along an axis.
private struct QuantizedBlocks {
  let axis: Int
  private let block: Int
  private let shape: [Int]
  private let count: Int
  private let scale: Tensor
  private let zeroPoint: Tensor?

  init(_ node: NodeImport, _ x: Symbol, axis given: Int, block: Int) throws(Refusal) {
    guard let scale = try node.constant(1, "scale"), scale.element == .float32 else {
      throw Refusal("attribute block_size is \(block), which takes float scales")
    }
    let axis = try node.axis(given, rank: x.shape.count)
    var expected = x.shape
    // Divided, not multiplied: a block from a file may be any number.
    guard block > 0, x.shape[axis] > 0 else {
      throw Refusal("attribute block_size is \(block), x has shape \(x.shape)")
    }
    expected[axis] = (x.shape[axis] - 1) / block + 1
    guard scale.shape == expected else {
      throw Refusal("scale has shape \(scale.shape), blocks of \(block) along \(axis) of \(x.shape) need \(expected)")
    }
    let zeroPoint = try node.constant(2, "zero_point")
    guard zeroPoint.map({ $0.shape == expected && $0.integers() != nil }) ?? true else {
      throw Refusal("zero_point is \(zeroPoint?.type.description ?? ""), expected integers of shape \(expected)")
    }
    self.axis = axis
    self.block = block
    self.scale = scale
    self.zeroPoint = zeroPoint
    shape = x.shape
    count = expected[axis]
  }

  /// The block an element is in.
  private func place(_ index: Int) -> Int {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let (row, column) = (index / inner / shape[axis], index / inner % shape[axis])
    return (row * count + column / block) * inner + index % inner
  }

  /// The real numbers that integers stand for.
  func reals(_ integers: [Int]) -> [Float] {
    let scales = scale.floats() ?? []
    let zeros = zeroPoint?.integers() ?? [Int](repeating: 0, count: scales.count)
    return integers.indices.map { index in
      let place = place(index)
      return Float(integers[index] - zeros[place]) * scales[place]
    }
  }

  /// One scale and zero point for each element.
  func spread(_ node: NodeImport) throws(Refusal) -> (scale: Tensor, zeroPoint: Tensor?) {
    try node.reserve(.int64, shape)
    let places = Tensor((0..<shape.reduce(1, *)).map { Int64(place($0)) }, shape: shape)
    func picked(_ tensor: Tensor) throws(Refusal) -> Tensor {
      try evaluateConstants(Gather(axis: 0), inputs: [tensor.reshaped([tensor.count]), places])[0]
    }
    return (try picked(scale), try zeroPoint.map { (tensor) throws(Refusal) in try picked(tensor) })
  }
}

/// Scale and zero point of a linear quantization, as nodes have them among their inputs.
struct LinearParameters {
  let scale: Tensor
  let zeroPoint: Tensor?
  /// The dimension along which they differ.
  let axis: Int
  /// Whether there is one of each for each element of the tensor.
  private let isOfElements: Bool

  /// - Parameters:
  ///   - scale: the input that is the scale
  ///   - zeroPoint: the input that is the zero point, which may be left out
  init(_ node: NodeImport, scale index: Int, zeroPoint zeroIndex: Int, axis: Int = 1) throws(Refusal) {
    guard let scale = try node.constant(index, "scale"), scale.element == .float32, scale.shape.count <= 1 else {
      throw Refusal("input \(index) (scale) is missing or not one number or list of numbers")
    }
    guard scale.floats()?.allSatisfy({ $0 > 0 && $0.isFinite }) ?? false else {
      throw Refusal("scales must be positive numbers")
    }
    let zeroPoint = try node.constant(zeroIndex, "zero_point")
    guard zeroPoint.map({ $0.integers() != nil && $0.count == scale.count }) ?? true else {
      throw Refusal("zero_point has type \(zeroPoint?.type.description ?? ""), scale \(scale.type)")
    }
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.axis = axis
    isOfElements = false
  }

  /// One of each for each element of a tensor.
  fileprivate init(_ blocks: QuantizedBlocks, _ node: NodeImport) throws(Refusal) {
    (scale, zeroPoint) = try blocks.spread(node)
    axis = blocks.axis
    isOfElements = true
  }

  /// The element type of the integers; nil when the node leaves it to its input.
  var element: ElementType? { zeroPoint?.element }

  /// One scale and zero point for the whole tensor, when there is only one.
  var single: (scale: Float, zeroPoint: Int)? {
    guard !isOfElements, scale.count == 1, zeroPoint.map({ $0.count == 1 }) ?? true,
      let value = scale.floats()?.first
    else { return nil }
    return (value, zeroPoint?.integers()?.first ?? 0)
  }

  /// Both as float tensors that broadcast to x.
  fileprivate func broadcast(to x: Symbol, _ node: NodeImport) throws(Refusal) -> (scale: Tensor, zeroPoint: Tensor) {
    var dimension = 0
    if scale.count > 1, !isOfElements {
      dimension = try node.axis(axis, rank: x.shape.count)
      guard x.shape[dimension] == scale.count else {
        throw Refusal("has \(scale.count) scales, dimension \(dimension) of x is \(x.shape[dimension])")
      }
    }
    let ofAxis = scale.count == 1 ? [] : x.shape.indices.map { $0 == dimension ? scale.count : 1 }
    let shape = isOfElements ? x.shape : ofAxis
    let zeros = zeroPoint?.integers()?.map(Float.init) ?? [Float](repeating: 0, count: scale.count)
    guard zeros.count == scale.count, let scales = scale.reshaped(shape) else {
      throw Refusal("scale and zero_point do not fit")
    }
    return (scales, Tensor(zeros, shape: shape))
  }

  /// What constants of these scales are multiples of.
  fileprivate func grid(of x: Symbol, _ node: NodeImport) throws(Refusal) -> Grid? {
    guard let constant = x.constant, let steps = scale.floats(), !isOfElements else { return nil }
    let isCentred = zeroPoint?.integers()?.allSatisfy { $0 == 0 } ?? true
    return Grid(
      steps: steps, axis: steps.count == 1 ? 0 : try node.axis(axis, rank: x.shape.count),
      multiples: constant.element == .int32 && isCentred ? constant.elements() : nil)
  }
}

extension NodeImport {
  /// The integers of real numbers, as the node's output.
  func quantized(_ x: Symbol, _ parameters: LinearParameters, as element: ElementType) throws(Refusal) -> [Symbol] {
    if let (scale, zeroPoint) = parameters.single, x.constant == nil, !showsNumbers(0),
      element == .int8 || element == .uint8
    {
      let shift = element == .uint8 ? 128 : 0
      return try add(QuantizeLinear(Quantization(scale: scale, zeroPoint: zeroPoint - shift)), [x])
    }
    let (scale, zeroPoint) = try parameters.broadcast(to: x, self)
    return try add(
      Cast(to: element),
      [
        try integers(of: x, scale: constant("scale", scale), zeroPoint: constant("zero_point", zeroPoint), element)
      ])
  }

  /// The same of a scale that is computed: one for all of x.
  fileprivate func quantized(
    _ x: Symbol, scale: Symbol, zeroPoint: Symbol?, as declared: ElementType
  ) throws(Refusal) -> [Symbol] {
    guard scale.type.count == 1, zeroPoint.map({ $0.type.count == 1 }) ?? true, scale.shape.count <= x.shape.count
    else {
      throw Refusal("scale is \(scale.type), expected one number where it is computed at run time")
    }
    let zero =
      try zeroPoint.map { (zero) throws(Refusal) in try add(step: "zero_point", Cast(to: .float32), [zero]) }
      ?? constant("zero_point", Tensor(scalar: Float(0)))
    let element = zeroPoint?.element ?? declared
    return try add(Cast(to: element), [try integers(of: x, scale: scale, zeroPoint: zero, element)])
  }

  /// x / scale + zero_point as an integer within the bounds of its type, in float32.
  func integers(
    of x: Symbol, scale: Symbol, zeroPoint: Symbol, _ element: ElementType
  ) throws(Refusal) -> Symbol {
    let bounds: UnaryFunction
    switch element {
    case .int8: bounds = .clip(lower: -128, upper: 127)
    case .uint8: bounds = .clip(lower: 0, upper: 255)
    case .int16: bounds = .clip(lower: -32768, upper: 32767)
    case .uint16: bounds = .clip(lower: 0, upper: 65535)
    default: throw Refusal("quantizes to \(element), expected integers of 8 or 16 bits")
    }
    let ratio = try add(step: "ratio", Binary(.div), [x, scale])
    let rounded = try add(step: "rounded", Unary(.round), [ratio])
    let shifted = try add(step: "shifted", Binary(.add), [rounded, zeroPoint])
    return try add(step: "clipped", Unary(bounds), [shifted])
  }

  /// Integers within bounds, as training with a reduced range leaves them: those of the real numbers they stand for,
  /// within the bounds' own.
  func clipped(_ x: Symbol, lower: Float, upper: Float) throws(Refusal) -> [Symbol] {
    guard let quantization = x.type.quantization else { throw Refusal("x is \(x.type), expected quantized integers") }
    // Bounds of uint8 are moved down with the values; which of both x was shows in their type.
    let shift: Float = [1, 2].contains { optional($0)?.element == .uint8 } ? 128 : 0
    func real(_ bound: Float) -> Float {
      guard bound.isFinite else { return bound }
      return Float((Double(bound - shift) - Double(quantization.zeroPoint)) * Double(quantization.scale))
    }
    let reals = try add(step: "dequantized", DequantizeLinear(), [x])
    let clamped = try add(step: "clamped", Unary(.clip(lower: real(lower), upper: real(upper))), [reals])
    return try add(QuantizeLinear(quantization), [clamped])
  }

  /// The real numbers that integers stand for: the node's output, or a step on the way to it.
  func dequantized(_ x: Symbol, _ parameters: LinearParameters, step: String? = nil) throws(Refusal) -> Symbol {
    func last(_ op: some Operator, _ inputs: [Symbol?]) throws(Refusal) -> Symbol {
      guard let step else { return try add(op, inputs)[0] }
      return try add(step: step, op, inputs)
    }
    let prefix = step.map { "\($0)_" } ?? ""
    if let quantization = x.type.quantization {
      guard let (scale, zeroPoint) = parameters.single, scale == quantization.scale,
        // Without a zero point the type is the input's: 0 of int8, or 0 of uint8 moved down.
        parameters.element == nil
          ? [0, -128].contains(quantization.zeroPoint)
          : zeroPoint - (parameters.element == .uint8 ? 128 : 0) == quantization.zeroPoint
      else {
        throw Refusal("scale or zero point differ from those x was quantized with (\(quantization))")
      }
      return try last(DequantizeLinear(), [x])
    }
    guard !x.element.isFloat else { throw Refusal("x is \(x.type), expected integers") }
    let (scale, zeroPoint) = try parameters.broadcast(to: x, self)
    let floats = try add(step: "\(prefix)float", Cast(to: .float32), [x])
    let shifted = try add(
      step: "\(prefix)shifted", Binary(.sub), [floats, constant("\(prefix)zero_point", zeroPoint)])
    let real = try last(Binary(.mul), [shifted, constant("\(prefix)scale", scale)])
    guard let numbers = real.constant else { return real }
    return Symbol(real.name, constant: numbers.on(try parameters.grid(of: x, self)))
  }
}

extension QuantizeLinear: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let output = node.outputs[0]
    emission.quantize(
      node, node.name, emission.name(node.inputs[0]), as: try emission.quantization(of: output),
      to: emission.name(output))
  }
}

extension DequantizeLinear: ONNXWritable {
  func write(_ node: Node, to emission: inout Emission) throws(Refusal) {
    let output = node.outputs[0]
    if let input = node.inputs[0], let known = emission.reals[input], !emission.graph.isOutput(output) {
      // Used by others before.
      return emission.stand(known, for: output)
    }
    try emission.dequantize(node, node.name, node.inputs[0], to: emission.name(output))
  }
}

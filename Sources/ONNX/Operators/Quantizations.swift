import IR
import Math
import Operators
import Tensors

/// QuantizeLinear and DequantizeLinear.
///
/// An activation quantized with one scale and zero point is int8 in the IR with both in its type; uint8 becomes int8 by
/// moving values and zero point down by 128. Everything else (per channel, or visible as integers to the user) is
/// spelled out in float arithmetic with the same results.
enum Quantizations: ONNXFamily {
  static let limits = "see [int8.md](int8.md)"
  static let readers: [String: NodeReader] = ["DequantizeLinear": dequantize, "QuantizeLinear": quantize]

  private static func quantize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let parameters = try LinearParameters(&node)
    let x = try node.input(0, "x")
    let type = node.has("output_dtype") ? try node.int("output_dtype") : 0
    let declared = type == 0 ? ElementType.uint8 : try DataType.named(type).element
    let element = parameters.element ?? declared
    guard element == .int8 || element == .uint8 else {
      throw Refusal("quantizes to \(element), expected int8 or uint8")
    }
    if let (scale, zeroPoint) = parameters.single, x.constant == nil, !node.isModelOutput(0) {
      let shift = element == .uint8 ? 128 : 0
      return try node.add(QuantizeLinear(Quantization(scale: scale, zeroPoint: zeroPoint - shift)), [x])
    }
    let (scale, zeroPoint) = try parameters.broadcast(to: x, node)
    let ratio = try node.add(step: "ratio", Binary(.div), [x, node.constant("scale", scale)])
    let rounded = try node.add(step: "rounded", Unary(.round), [ratio])
    let shifted = try node.add(
      step: "shifted", Binary(.add), [rounded, node.constant("zero_point", zeroPoint)])
    let bounds: UnaryFunction = element == .uint8 ? .clip(lower: 0, upper: 255) : .clip(lower: -128, upper: 127)
    let clipped = try node.add(step: "clipped", Unary(bounds), [shifted])
    return try node.add(Cast(to: element), [clipped])
  }

  private static func dequantize(_ node: inout NodeImport) throws(Refusal) -> [Symbol] {
    let parameters = try LinearParameters(&node)
    let x = try node.input(0, "x")
    if let quantization = x.type.quantization {
      guard let (scale, zeroPoint) = parameters.single, scale == quantization.scale,
        // Without a zero point the type is the input's: 0 of int8, or 0 of uint8 moved down.
        parameters.element == nil
          ? [0, -128].contains(quantization.zeroPoint)
          : zeroPoint - (parameters.element == .uint8 ? 128 : 0) == quantization.zeroPoint
      else {
        throw Refusal("scale or zero point differ from those x was quantized with (\(quantization))")
      }
      return try node.add(DequantizeLinear(), [x])
    }
    guard !x.element.isFloat else { throw Refusal("x is \(x.type), expected integers") }
    let (scale, zeroPoint) = try parameters.broadcast(to: x, node)
    let floats = try node.add(step: "float", Cast(to: .float32), [x])
    let shifted = try node.add(
      step: "shifted", Binary(.sub), [floats, node.constant("zero_point", zeroPoint)])
    return try node.add(Binary(.mul), [shifted, node.constant("scale", scale)])
  }
}

/// Scale and zero point of a QuantizeLinear or DequantizeLinear.
private struct LinearParameters {
  let scale: Tensor
  let zeroPoint: Tensor?
  /// The dimension along which they differ.
  let axis: Int

  init(_ node: inout NodeImport) throws(Refusal) {
    node.ignore("saturate")
    try node.expect("block_size", 0)
    guard let scale = try node.constant(1, "scale"), scale.element == .float32, scale.shape.count <= 1 else {
      throw Refusal("input 1 (scale) is missing or not one number or list of numbers")
    }
    guard scale.floats()?.allSatisfy({ $0 > 0 && $0.isFinite }) ?? false else {
      throw Refusal("scales must be positive numbers")
    }
    let zeroPoint = try node.constant(2, "zero_point")
    guard zeroPoint.map({ !$0.element.isFloat && ($0.count == scale.count) }) ?? true else {
      throw Refusal("zero_point has type \(zeroPoint?.type.description ?? ""), scale \(scale.type)")
    }
    self.scale = scale
    self.zeroPoint = zeroPoint
    axis = try node.int("axis", default: 1)
  }

  /// The element type of the integers; nil when the node leaves it to its input.
  var element: ElementType? { zeroPoint?.element }

  /// One scale and zero point for the whole tensor, when there is only one.
  var single: (scale: Float, zeroPoint: Int)? {
    guard scale.count == 1, zeroPoint.map({ $0.count == 1 }) ?? true, let value = scale.floats()?.first else {
      return nil
    }
    return (value, zeroPoint?.integers()?.first ?? 0)
  }

  /// Both as float tensors that broadcast to x.
  func broadcast(to x: Symbol, _ node: NodeImport) throws(Refusal) -> (scale: Tensor, zeroPoint: Tensor) {
    var dimension = 0
    if scale.count > 1 {
      dimension = try node.axis(axis, rank: x.shape.count)
      guard x.shape[dimension] == scale.count else {
        throw Refusal("has \(scale.count) scales, dimension \(dimension) of x is \(x.shape[dimension])")
      }
    }
    let shape = scale.count == 1 ? [] : x.shape.indices.map { $0 == dimension ? scale.count : 1 }
    let zeros = zeroPoint?.integers()?.map(Float.init) ?? [Float](repeating: 0, count: scale.count)
    guard zeros.count == scale.count, let scales = scale.reshaped(shape) else {
      throw Refusal("scale and zero_point do not fit")
    }
    return (scales, Tensor(zeros, shape: shape))
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

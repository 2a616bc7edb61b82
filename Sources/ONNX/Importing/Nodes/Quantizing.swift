import IR
import Math
import Tensors

/// Scale and zero point of a QuantizeLinear or DequantizeLinear.
private struct LinearParameters {
  let scale: Tensor
  let zeroPoint: Tensor?
  /// The element type of the integers; nil when the node leaves it to its input.
  let element: ElementType?

  /// One scale and zero point for the whole tensor, when there is only one.
  var single: (scale: Float, zeroPoint: Int)? {
    guard scale.count == 1, zeroPoint.map({ $0.count == 1 }) ?? true, let value = scale.floats()?.first else {
      return nil
    }
    return (value, zeroPoint?.integers()?.first ?? 0)
  }

  /// Both as float tensors that broadcast along `axis` of a tensor of `rank` dimensions.
  func broadcast(rank: Int, axis: Int) -> (scale: Tensor, zeroPoint: Tensor)? {
    let shape = scale.count == 1 ? [] : (0..<rank).map { $0 == axis ? scale.count : 1 }
    let zeros = zeroPoint?.integers()?.map(Float.init) ?? [Float](repeating: 0, count: scale.count)
    guard zeros.count == scale.count, let scales = scale.reshaped(shape) else { return nil }
    return (scales, Tensor(zeros, shape: shape))
  }
}

// An activation quantized with one scale and zero point is int8 in the IR with both in its type; uint8 becomes int8 by
// moving values and zero point down by 128. Everything else (per channel, or visible as integers to the user) is spelled
// out in float arithmetic with the same results.
extension NodeImport {
  private mutating func linearParameters() throws(Failure) -> (parameters: LinearParameters, axis: Int) {
    ignore("saturate")
    try expect("block_size", 0)
    guard let scale = try constant(1, "scale"), scale.element == .float32, scale.shape.count <= 1 else {
      throw Failure("input 1 (scale) is missing or not one number or list of numbers")
    }
    guard scale.floats()?.allSatisfy({ $0 > 0 && $0.isFinite }) ?? false else {
      throw Failure("scales must be positive numbers")
    }
    let zeroPoint = try constant(2, "zero_point")
    guard zeroPoint.map({ !$0.element.isFloat && ($0.count == scale.count) }) ?? true else {
      throw Failure("zero_point has type \(zeroPoint?.type.description ?? ""), scale \(scale.type)")
    }
    let axis = try int("axis", default: 1)
    return (LinearParameters(scale: scale, zeroPoint: zeroPoint, element: zeroPoint?.element), axis)
  }

  mutating func quantizeLinear() throws(Failure) -> [Symbol] {
    let (parameters, axis) = try linearParameters()
    let x = try input(0, "x")
    let type = has("output_dtype") ? try int("output_dtype") : 0
    let declared = type == 0 ? ElementType.uint8 : try DataType.named(type).element
    let element = parameters.element ?? declared
    guard element == .int8 || element == .uint8 else {
      throw Failure("quantizes to \(element), expected int8 or uint8")
    }
    if let (scale, zeroPoint) = parameters.single, x.constant == nil, !isModelOutput(0) {
      let shift = element == .uint8 ? 128 : 0
      return try add("QuantizeLinear", ["scale": .float(scale), "zero_point": .int(zeroPoint - shift)], [x])
    }
    guard
      let (scale, zeroPoint) = parameters.broadcast(rank: x.shape.count, axis: try self.axis(axis, for: x, parameters))
    else { throw Failure("scale and zero_point do not fit") }
    let ratio = try binary(step: "ratio", "div", x, constant("scale", scale))
    let rounded = try unary(step: "rounded", .round, ratio)
    let shifted = try binary(step: "shifted", "add", rounded, constant("zero_point", zeroPoint))
    let bounds: UnaryFunction = element == .uint8 ? .clip(lower: 0, upper: 255) : .clip(lower: -128, upper: 127)
    let clipped = try unary(step: "clipped", bounds, shifted)
    return try add("Cast", ["to": .string(element.rawValue)], [clipped])
  }

  mutating func dequantizeLinear() throws(Failure) -> [Symbol] {
    let (parameters, axis) = try linearParameters()
    let x = try input(0, "x")
    if let quantization = x.type.quantization {
      guard let (scale, zeroPoint) = parameters.single, scale == quantization.scale,
        // Without a zero point the type is the input's: 0 of int8, or 0 of uint8 moved down.
        parameters.element == nil
          ? [0, -128].contains(quantization.zeroPoint)
          : zeroPoint - (parameters.element == .uint8 ? 128 : 0) == quantization.zeroPoint
      else {
        throw Failure("scale or zero point differ from those x was quantized with (\(quantization))")
      }
      return try add("DequantizeLinear", [:], [x])
    }
    guard !x.element.isFloat else { throw Failure("x is \(x.type), expected integers") }
    guard
      let (scale, zeroPoint) = parameters.broadcast(rank: x.shape.count, axis: try self.axis(axis, for: x, parameters))
    else { throw Failure("scale and zero_point do not fit") }
    let floats = try add(step: "float", "Cast", ["to": .string("float32")], [x])
    let shifted = try binary(step: "shifted", "sub", floats, constant("zero_point", zeroPoint))
    return try add("Binary", ["function": .string("mul")], [shifted, constant("scale", scale)])
  }

  private func axis(_ axis: Int, for x: Symbol, _ parameters: LinearParameters) throws(Failure) -> Int {
    guard parameters.scale.count > 1 else { return 0 }
    let axis = try self.axis(axis, rank: x.shape.count)
    guard x.shape[axis] == parameters.scale.count else {
      throw Failure("has \(parameters.scale.count) scales, dimension \(axis) of x is \(x.shape[axis])")
    }
    return axis
  }
}

import CKernels
import IR
import Math
import Operators
import Tensors

// Convolutions, fully connected layers and affine functions of channels, float32.

extension Conv: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x").shape
    let shape = window.convolutionShape(input: x, output: site.site.outputs[0].shape, groups: group)
    let bias = site.site.inputs.optional(2) == nil ? nil : try site.site.constantFloats(2, "bias")
    try writer.convolution(
      shape, weights: try site.site.constantFloats(1, "weights"), bias: bias, activation, images: x[0],
      from: try site.input(), to: site.output)
  }
}

extension Gemm: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    guard let layer = weights(site.site.inputs) else {
      throw Refusal("weights that are computed at run time are not supported")
    }
    let inner = x.shape.last ?? 1
    let shape = ConvolutionShape(rows: x.type.count / max(1, inner), inner: inner, columns: layer.shape[0])
    try writer.convolution(
      shape, weights: layer.values, bias: layer.bias.isEmpty ? nil : layer.bias, activation, images: 1,
      from: try site.input(), to: site.output)
  }
}

extension ScaleShift: CForm {
  /// Planes that are written as calls of their own.
  private static let mostPlanes = 256

  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    let scale = try site.site.constantFloats(1, "scale")
    let shift = try site.site.constantFloats(2, "shift")
    let split = AxisSplit(site.site.outputs[0].shape, axis: 1, layout: site.site.layout(ofOutput: 0))
    let (x, y) = (try site.input(), site.output)
    let function = try writer.activation(activation)
    let (scales, shifts) = (writer.vector("scale", scale), writer.vector("shift", shift))
    if split.inner == 1 {
      return writer.call(
        .scaleShiftF32, function, .int(split.outer), .int(scale.count), .pointer(x), .pointer(scales),
        .pointer(shifts), .pointer(y))
    }
    let planes = split.outer * split.extent
    guard planes <= ScaleShift.mostPlanes else {
      throw Refusal("\(planes) planes, each with a scale of its own, have no form in plain C")
    }
    // A plane is rows of one channel.
    for plane in 0..<planes {
      let (start, channel) = (plane * split.inner, plane % split.extent)
      writer.call(
        .scaleShiftF32, function, .int(split.inner), .int(1), .pointer(x.advanced(by: start)),
        .pointer(scales.advanced(by: channel)), .pointer(shifts.advanced(by: channel)),
        .pointer(y.advanced(by: start)))
    }
  }
}

extension CallWriter {
  /// An activation as an argument.
  ///
  /// - Throws: for trigonometric functions, which the routines do not compute
  func activation(_ function: UnaryFunction) throws(Refusal) -> CProgram.Argument {
    switch function {
    case .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh:
      throw Refusal("\(function.stored.name) has no form in plain C")
    default: return .activation(function)
    }
  }

  /// A constant of floats.
  mutating func vector(_ role: String, _ values: [Float]) -> CProgram.Pointer {
    CProgram.Pointer(home: .constant(constant(role, values)), element: .float32, offset: 0)
  }

  /// - Parameter weights: [out_c][in_c / groups][kernel_h][kernel_w]
  fileprivate mutating func convolution(
    _ shape: ConvolutionShape, weights: [Float], bias: [Float]?, _ function: UnaryFunction, images: Int,
    from: CProgram.Pointer, to: CProgram.Pointer
  ) throws(Refusal) {
    let (outputs, groups) = (Int(shape.out_c), Int(shape.groups))
    let depth = Int(shape.in_c / shape.groups)
    let area = Int(shape.kernel_h * shape.kernel_w)
    let isDepthwise = groups > 1 && depth == 1 && outputs == groups
    let window = try window(shape)
    let activation = try activation(function)
    let order =
      isDepthwise ? WeightPacking.depthwiseOrder(outputs) : WeightPacking.order(outputs: outputs, groups: groups)
    let packed =
      isDepthwise
      ? WeightPacking.depthwise(weights, order, area: area)
      : WeightPacking.panels(weights, order, depth: depth, area: area)
    let constants = (
      weights: vector("weights", packed), bias: vector("bias", order.map { $0.flatMap { bias?[$0] } ?? 0 })
    )
    for image in 0..<images {
      call(
        isDepthwise ? .depthwiseF32 : .convF32, window, activation, .pointer(constants.weights),
        .pointer(constants.bias), .pointer(from.advanced(by: image * shape.inputCount)),
        .pointer(to.advanced(by: image * shape.outputCount)))
    }
  }
}

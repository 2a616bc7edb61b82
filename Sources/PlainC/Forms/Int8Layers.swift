import CKernels
import IR
import Math
import Operators
import Tensors

// Convolutions and fully connected layers with int8 weights.

extension ConvInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    try Int8LayerForm(self, site).write(output, site, images: site.site.outputs[0].shape[0], to: &writer)
  }
}

extension GemmInt8: CForm {
  func write(_ site: CSite, to writer: inout CallWriter) throws(Refusal) {
    try Int8LayerForm(self, site).write(output, site, images: 1, to: &writer)
  }
}

/// An int8 layer's geometry and constants, packed as the routines take them.
private struct Int8LayerForm {
  private let shape: ConvolutionShape
  private let weights: Int8Weights
  private let input: Quantization
  private let values: [Int8]

  init(_ layer: some Int8Layer, _ site: CSite) throws(Refusal) {
    let x = try site.site.inputs.required(0, "x")
    shape = layer.geometry(x: x.shape, output: site.site.outputs[0].shape)
    weights = try Int8Weights(site.site.inputs)
    input = try x.quantized("x")
    values = weights.weights.elements(as: Int8.self)
  }

  private var groups: Int { Int(shape.groups) }
  private var outputs: Int { Int(shape.out_c) }
  /// Input channels that an output sees.
  private var depth: Int { Int(shape.in_c / shape.groups) }
  private var area: Int { Int(shape.kernel_h * shape.kernel_w) }

  private var isDepthwise: Bool { groups > 1 && depth == 1 && outputs == groups }

  func write(_ output: Int8Output?, _ site: CSite, images: Int, to writer: inout CallWriter) throws(Refusal) {
    let (x, y) = (try site.input(), site.output)
    let isDepthwise = isDepthwise && output != nil
    let window = try writer.window(shape)
    let order =
      isDepthwise ? WeightPacking.depthwiseOrder(outputs) : WeightPacking.order(outputs: outputs, groups: groups)
    let bias = foldedBias
    let multipliers = weights.multipliers(input: input, outputScale: output?.inner.scale)
    let constants = (
      weights: writer.table(
        "weights",
        isDepthwise ? WeightPacking.depthwise(values, order, area: area) : WeightPacking.blocks(values, order, shape)),
      bias: writer.table("bias", order.map { $0.map { bias[$0] } ?? 0 }),
      multipliers: writer.table("scale", order.map { $0.map { multipliers[$0] } ?? 0 })
    )
    let scratch = writer.scratch(shape, isDepthwise: isDepthwise)
    for image in 0..<images {
      let from = CProgram.Argument.pointer(x.advanced(by: image * shape.inputCount))
      let to = CProgram.Argument.pointer(y.advanced(by: image * shape.outputCount))
      guard let output else {
        writer.call(
          .convS8F32, window, .int(input.zeroPoint), constants.weights, constants.bias, constants.multipliers, from,
          to, scratch)
        continue
      }
      writer.call(
        isDepthwise ? .depthwiseS8 : .convS8, window, writer.output(output, inputZeroPoint: input.zeroPoint),
        constants.weights, constants.bias, constants.multipliers, from, to, scratch)
    }
  }

  /// b[c] - z_x * sum of w[c], modulo 2^32 as the sums are.
  private var foldedBias: [Int32] {
    let bias: [Int32] = weights.bias?.elements() ?? [Int32](repeating: 0, count: outputs)
    let length = depth * area
    return (0..<outputs).map { output in
      let sum = values[output * length..<(output + 1) * length].reduce(into: Int32(0)) { $0 &+= Int32($1) }
      return bias[output] &- Int32(input.zeroPoint) &* sum
    }
  }
}

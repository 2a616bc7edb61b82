import CKernels
import HeapMemory
package import IR
package import Math
package import Tensors

/// 2-D convolution in int8: acc = sum (q_x - z_x) * q_w + b in int32, then the output stage of `Int8Output`.
///
/// Inputs: x int8 [N, C, H, W], weights int8 [M, C / group, kH, kW], weight scales float32 [M], bias int32 [M] at scale
/// s_x * s_w (optional); all but x constant. Without an output quantization y = float32(acc) * s_x * s_w[c].
package struct ConvInt8: Operator {
  package static let name = "ConvInt8"

  package var window: Window
  package var group: Int
  /// Nil for float32 output.
  package var output: Int8Output?

  package init(window: Window, group: Int, output: Int8Output?) {
    self.window = window
    self.group = group
    self.output = output
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    group = try attributes.int("group", default: 1)
    output = attributes.has("output_scale") ? try Int8Output(reading: &attributes) : nil
    try check()
  }

  package func check() throws(Refusal) {
    guard group >= 1 else { throw Refusal("group is \(group), expected at least 1") }
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if group != 1 { attributes.set("group", group) }
    output?.write(to: &attributes)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    let x = try inputs.required(0, "x")
    _ = try x.quantized("x")
    let weights = try inputs.required(1, "weights")
    let shape = try Conv.outputShape(x: x.shape, w: weights.shape, window: window, group: group)
    try Int8Weights.checkTypes(inputs, channels: weights.shape[0])
    guard let output else { return [TensorType(.float32, shape)] }
    return [TensorType(.int8, shape, quantization: output.quantization)]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let w = inputs.optional(1), let y = outputs.first else { return Work() }
    return Work(
      macs: y.count / max(1, w.shape[0]) * w.type.count, elementOperations: output?.hasTable == true ? y.count : 0)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let shape = geometry(x: x.shape, output: site.outputs[0].shape)
    return try Int8Weights(site.inputs).kernel(shape, x: x, images: x.shape[0], output: output)
  }
}

extension ConvInt8: Int8Layer {
  package func geometry(x: [Int], output: [Int]) -> ConvolutionShape {
    window.convolutionShape(input: x, output: output, groups: group)
  }
}

extension ConvInt8: ParameterCarrying {
  /// All but the scales of the weights.
  package func role(ofConstant input: Int, _: TensorType) -> ConstantRole { input == 2 ? .fixed : .parameter }
}

extension Int8Weights {
  /// The kernel of a convolution or matrix product over `images` inputs of one geometry.
  package func kernel(
    _ shape: ConvolutionShape, x: Operand, images: Int, output: Int8Output?
  ) throws(Refusal) -> Kernel {
    let input = try x.quantized("x")
    let prepared = prepare(shape, input: input, outputScale: output?.inner.scale)
    guard let output else {
      return Kernel(
        scratch: prepared.scratch, packedBytes: prepared.packed.count, implementation: prepared.implementation,
        hasPackedConstants: true
      ) { call in
        call.forEachImage(images, of: shape) {
          prepared.run(
            $0, toFloat: $1, inputZeroPoint: input.zeroPoint, workers: call.workers, scratch: call.scratch,
            stride: call.scratchStride)
        }
      }
    }
    let requantization = output.requantization(inputZeroPoint: input.zeroPoint)
    let rows = RowKernel(shape, elementSize: 1, scratch: prepared.scratch(rows:)) { call in
      requantization.withStage { stage in
        prepared.run(
          rows: call.rows, from: call.input.assumingMemoryBound(to: Int8.self),
          to: call.output.assumingMemoryBound(to: Int8.self), requantize: stage, scratch: call.scratch)
      }
    }
    return Kernel(
      scratch: prepared.scratch, packedBytes: prepared.packed.count + requantization.tableBytes,
      implementation: prepared.implementation, hasPackedConstants: true, rows: images == 1 ? rows : nil
    ) { call in
      requantization.withStage { stage in
        call.forEachImage(images, of: shape) {
          prepared.run(
            $0, to: $1, requantize: stage, workers: call.workers, scratch: call.scratch, stride: call.scratchStride)
        }
      }
    }
  }
}

extension ConvInt8: FloatFormed {
  package func floatForm(_ inputs: [Operand?]) throws(Refusal) -> FloatForm {
    let constants = try Int8Weights(inputs).floats(input: inputs.required(0, "x").quantized("x"))
    return FloatForm(
      Conv(window: window, group: group), constants: constants, function: output?.floatFunction ?? .identity)
  }
}

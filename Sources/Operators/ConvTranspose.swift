import CKernels
package import IR
package import Math
package import Tensors
import Threads

/// 2-D transposed convolution, float32: every input position adds its window of the weights to the output.
///
/// Inputs: x [N, C, H, W], w [C, M / group, kH, kW] (constant), b [M] (constant, optional). Output: [N, M, oH, oW] with
/// oH = (H - 1) * stride + (kH - 1) * dilation + 1 + output_padding - pads. Products are summed in float32 in a fixed
/// order: kernel rows, input columns, kernel columns, channels.
package struct ConvTranspose: Operator, ActivationCarrying, ParameterCarrying {
  package static let name = "ConvTranspose"

  package var window: Window
  /// [height, width] added to the output's bottom and right.
  package var outputPadding: [Int]
  package var group: Int
  package var activation: UnaryFunction

  package init(
    window: Window, outputPadding: [Int] = [0, 0], group: Int = 1, activation: UnaryFunction = .identity
  ) {
    self.window = window
    self.outputPadding = outputPadding
    self.group = group
    self.activation = activation
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    outputPadding = try attributes.ints("output_padding") ?? [0, 0]
    group = try attributes.int("group", default: 1)
    activation = try attributes.activation()
    try check()
  }

  package func check() throws(Refusal) {
    guard outputPadding.count == 2, outputPadding.allSatisfy((0...(1 << 15)).contains) else {
      throw Refusal("output_padding \(outputPadding) is out of range")
    }
    guard (1...(1 << 15)).contains(group) else { throw Refusal("group is \(group), expected 1...32768") }
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if outputPadding != [0, 0] { attributes.set("output_padding", outputPadding) }
    if group != 1 { attributes.set("group", group) }
    attributes.set(activation: activation)
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 3)
    let x = try inputs.required(0, "x")
    let w = try inputs.required(1, "weights")
    try x.expect(.float32, "x")
    try w.expect(.float32, "weights")
    guard x.type.rank == 4, w.type.rank == 4 else {
      throw Refusal("x has shape \(x.shape), weights \(w.shape): only 2-D convolutions are supported")
    }
    guard w.shape[2...] == window.kernel[...] else {
      throw Refusal("weights \(w.shape) do not fit kernel_shape \(window.kernel)")
    }
    guard x.shape[1] == w.shape[0], w.shape[1] > 0, x.shape[1] > 0, x.shape[1].isMultiple(of: group) else {
      throw Refusal("x has \(x.shape[1]) channels, weights \(w.shape) with group \(group)")
    }
    var size: [Int] = []
    for axis in 0..<2 {
      let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      let spread = (x.shape[axis + 2] - 1) * window.strides[axis] + extent + outputPadding[axis]
      size.append(spread - window.pads[axis] - window.pads[axis + 2])
    }
    guard x.type.count > 0, size.allSatisfy({ $0 > 0 }) else {
      throw Refusal("x with shape \(x.shape) and pads \(window.pads) leaves no output")
    }
    if let b = inputs.optional(2) {
      try b.expect(.float32, "bias")
      try b.expect(shape: [w.shape[1] * group], "bias")
    }
    return [TensorType(.float32, try checkedShape([x.shape[0], w.shape[1] * group] + size))]
  }

  package func work(_ inputs: [Operand?], _ outputs: [TensorType]) -> Work {
    guard let x = inputs.optional(0), let w = inputs.optional(1), let y = outputs.first else { return Work() }
    let macs = x.type.count * (w.shape[1] * w.shape[2] * w.shape[3])
    return Work(macs: macs, elementOperations: activation == .identity ? 0 : y.count)
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x").shape
    let output = site.outputs[0].shape
    let channels = x[1] / group
    let filters = output[1] / group
    let weights = packed(try site.constantFloats(1, "weights"), channels: channels, filters: filters)
    let zeros = [Float](repeating: 0, count: output[1])
    let bias = site.inputs.optional(2) == nil ? zeros : try site.constantFloats(2, "bias")
    let finish = activation
    let row = RowGeometry(
      window: window, groups: group, channels: channels, filters: filters, input: Array(x[2...]),
      width: output[3])
    let height = output[2]
    let inputCount = x[1] * x[2] * x[3]
    let rowCount = output[3] * output[1]
    let unary = Kernels.float.unary
    return Kernel(packedBytes: weights.count * 4, implementation: "conv_transpose_rows") { call in
      let input: UnsafePointer<Float> = call.input(0).pointer()
      let output: UnsafeMutablePointer<Float> = call.output.pointer()
      call.workers.run(units: x[0] * height) { _, range in
        weights.withUnsafeBufferPointer { weights in
          for unit in range {
            let y = output + unit * rowCount
            for pixel in 0..<row.width { y.advanced(by: pixel * bias.count).update(from: bias, count: bias.count) }
            guard let base = weights.baseAddress else { preconditionFailure("there are no weights") }
            row.add(unit % height, from: input + unit / height * inputCount, weights: base, to: y)
            if finish != .identity { unary(finish.kernelActivation, rowCount, y, y) }
          }
        }
      }
    }
  }

  /// The weights as [group][kH][kW][C / group][M / group], so that the innermost loop runs along outputs.
  private func packed(_ weights: [Float], channels: Int, filters: Int) -> [Float] {
    let taps = window.kernel[0] * window.kernel[1]
    var result = [Float](repeating: 0, count: weights.count)
    for groupIndex in 0..<group {
      for channel in 0..<channels {
        for filter in 0..<filters {
          let from = ((groupIndex * channels + channel) * filters + filter) * taps
          for tap in 0..<taps {
            let to = ((groupIndex * taps + tap) * channels + channel) * filters + filter
            result[to] = weights[from + tap]
          }
        }
      }
    }
    return result
  }
}

/// The loops that gather one row of a transposed convolution's output, channels-last.
private struct RowGeometry: Sendable {
  let window: Window
  let groups: Int
  let channels: Int
  let filters: Int
  /// [height, width] of the input.
  let input: [Int]
  /// Width of the output.
  let width: Int

  /// Adds everything that falls into output row `row`.
  func add(
    _ row: Int, from x: UnsafePointer<Float>, weights: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>
  ) {
    for tapRow in 0..<window.kernel[0] {
      let reach = row + window.pads[0] - tapRow * window.dilations[0]
      guard reach >= 0, reach.isMultiple(of: window.strides[0]) else { continue }
      let line = reach / window.strides[0]
      guard line < input[0] else { continue }
      for column in 0..<input[1] {
        let pixel = x + (line * input[1] + column) * groups * channels
        for tapColumn in 0..<window.kernel[1] {
          let target = column * window.strides[1] - window.pads[1] + tapColumn * window.dilations[1]
          guard target >= 0, target < width else { continue }
          addPixel(
            pixel, weights, tap: tapRow * window.kernel[1] + tapColumn, to: y + target * groups * filters)
        }
      }
    }
  }

  private func addPixel(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, tap: Int, to y: UnsafeMutablePointer<Float>
  ) {
    let taps = window.kernel[0] * window.kernel[1]
    for group in 0..<groups {
      let target = y + group * filters
      for channel in 0..<channels {
        let factor = x[group * channels + channel]
        let line = weights + ((group * taps + tap) * channels + channel) * filters
        for filter in 0..<filters { target[filter] += factor * line[filter] }
      }
    }
  }
}

#if !RUNTIME_ONLY
extension ConvTranspose: Differentiable {
  /// The convolution of the same weights.
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    try product.expectConstants(from: 1, "weights")
    let weights = product.constant(try product.constant(1, "weights"))
    let back = try product.add(Conv(window: window, group: group), product.gradient, weights)
    return [try product.cut(back, from: [0, 0, 0, 0], to: product.shape(ofInput: 0))]
  }
}
#endif

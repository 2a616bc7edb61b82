import CKernels
package import IR
import Math
package import Tensors

/// The mean of each window, float32, summed in window order.
///
/// The divisor is the number of positions inside the image; with `count_include_pad`, inside the padded image.
package struct AveragePool: Operator, PreparationKeeping {
  package static let name = "AveragePool"

  package let window: Window
  package let ceiling: Bool
  package let countIncludePad: Bool

  package init(window: Window, ceiling: Bool = false, countIncludePad: Bool = false) {
    self.window = window
    self.ceiling = ceiling
    self.countIncludePad = countIncludePad
  }

  package init(reading attributes: inout AttributeReader) throws(Refusal) {
    window = try Window(reading: &attributes)
    ceiling = try attributes.bool("ceil_mode", default: false)
    countIncludePad = try attributes.bool("count_include_pad", default: false)
  }

  package func write(to attributes: inout AttributeWriter) {
    window.write(to: &attributes)
    if ceiling { attributes.set("ceil_mode", true) }
    if countIncludePad { attributes.set("count_include_pad", true) }
  }

  package var layout: LayoutRule { .channelsLast }

  package func inferTypes(_ inputs: [Operand?]) throws(Refusal) -> [TensorType] {
    try inputs.expect(atMost: 1)
    let x = try inputs.required(0, "x")
    try x.expect(.float32, "x")
    return [TensorType(.float32, try Pooling.outputShape(x, window: window, ceiling: ceiling))]
  }

  package func work(_: [Operand?], _ outputs: [TensorType]) -> Work {
    Work(elementOperations: outputs.reduce(0) { $0 + $1.count * window.kernel[0] * window.kernel[1] })
  }

  package func kernel(for site: Site) throws(Refusal) -> Kernel {
    let x = try site.inputs.required(0, "x")
    let output = site.outputs[0].shape
    let shape = window.convolutionShape(input: x.shape, output: output, groups: x.shape[1])
    let includesPadding: Int32 = countIncludePad ? 1 : 0
    if countIncludePad && overhangs(input: x.shape, output: output) {
      return overhangingKernel(images: x.shape[0], shape: shape)
    }
    return Pooling.kernel(
      Float.self, images: x.shape[0], shape: shape, implementation: "average_pool_f32"
    ) {
      Kernels.float.average_pool($0, includesPadding, $1, $2, $3.lowerBound, $3.upperBound)
    }
  }

  /// Whether rounding up made a last window reach beyond the padding, where positions are not counted.
  package func overhangs(input: [Int], output: [Int]) -> Bool {
    (0..<2).contains { axis in
      let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      let reach = (output[axis + 2] - 1) * window.strides[axis] + extent
      return reach > input[axis + 2] + window.pads[axis] + window.pads[axis + 2]
    }
  }

  /// Positions of a window along one axis: those inside the image, and how many inside the padded image.
  private struct Span {
    var first = 0
    var count = 0
    var counted = 0

    init(_ index: Int, axis: Int, window: Window, size: Int) {
      for tap in 0..<window.kernel[axis] {
        let position = index * window.strides[axis] - window.pads[axis] + tap * window.dilations[axis]
        if position < size + window.pads[axis + 2] { counted += 1 }
        guard position >= 0, position < size else { continue }
        if count == 0 { first = position }
        count += 1
      }
    }
  }

  private func overhangingKernel(images: Int, shape: ConvolutionShape) -> Kernel {
    let window = window
    let height = Int(shape.in_h)
    let width = Int(shape.in_w)
    let channels = Int(shape.in_c)
    let outputWidth = Int(shape.out_w)
    return Pooling.kernel(
      Float.self, images: images, shape: shape, implementation: "average_pool_overhanging", hasBands: false
    ) { _, input, output, rows in
      for row in rows {
        let vertical = Span(row, axis: 0, window: window, size: height)
        for column in 0..<outputWidth {
          let horizontal = Span(column, axis: 1, window: window, size: width)
          let y = output + (row * outputWidth + column) * channels
          y.update(repeating: 0, count: channels)
          for i in 0..<vertical.count {
            for j in 0..<horizontal.count {
              let line = vertical.first + i * window.dilations[0]
              let x = input + (line * width + horizontal.first + j * window.dilations[1]) * channels
              for channel in 0..<channels { y[channel] += x[channel] }
            }
          }
          let divisor = Float(vertical.counted * horizontal.counted)
          for channel in 0..<channels { y[channel] /= divisor }
        }
      }
    }
  }
}

extension AveragePool: PossibleIdentity {
  package func unchangedInput(_: [Operand?], _: TensorType) -> Int? {
    window.isSinglePosition ? 0 : nil
  }
}

extension AveragePool: Int8ConvertibleOperation {
  package func int8Refusal(_ inputs: [Operand?]) -> String? {
    if ceiling && countIncludePad {
      return "windows that overhang the padding are averaged over the padding they cover"
    }
    return inputs.isFlowing(0) ? nil : "the input is constant"
  }

  package func int8Form(output: Quantization) -> any Operator {
    AveragePoolInt8(window: window, ceiling: ceiling, countIncludesPadding: countIncludePad, output: output)
  }
}

#if !RUNTIME_ONLY
extension AveragePool: Differentiable {}
#endif

extension AveragePool {
  package func gradients(_ product: inout VectorJacobianProduct) throws(Refusal) -> [ValueID?] {
    let (input, output) = (product.shape(ofInput: 0), product.shape(product.output()))
    let counts = (0..<2).map { axis in
      (0..<output[axis + 2]).map { index in
        let span = Span(index, axis: axis, window: window, size: input[axis + 2])
        return countIncludePad ? span.counted : span.count
      }
    }
    let divisors = counts[0].flatMap { rows in counts[1].map { Float(rows * $0) } }
    var (gradient, weight) = (product.gradient, 1 / divisors[0])
    if divisors.contains(where: { $0 != divisors[0] }) {
      gradient = try product.over(gradient, product.constant(Tensor(divisors, shape: [1, 1] + output[2...])))
      weight = 1
    }
    let weights = [Float](repeating: weight, count: input[1] * window.kernel[0] * window.kernel[1])
    return [try product.spread(gradient, over: window, weights: weights, groups: input[1], to: input)]
  }
}

#if !RUNTIME_ONLY
extension AveragePool: ChannelKeeping {}
#endif
